namespace Kv.Sandbox.Kubelet;

/// <summary>Addresses for pods: 127.N.1.1 and up, given out in turn so that one is not soon used again.</summary>
internal sealed class PodAddresses(byte network)
{
    private const int HostsPerNet = 254;
    private const int NetsMax = 120;

    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _last;

    public string Take()
    {
        lock (_gate)
        {
            for (int attempt = 0; attempt < NetsMax * HostsPerNet; attempt++)
            {
                int number = _last++ % (NetsMax * HostsPerNet);
                string address = $"127.{network}.{1 + (number / HostsPerNet)}.{1 + (number % HostsPerNet)}";
                if (_used.Add(address))
                    return address;
            }
        }

        throw new InvalidOperationException("All addresses of the sandbox are in use.");
    }

    public void Return(string address)
    {
        lock (_gate)
            _used.Remove(address);
    }
}
