using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Kv.Grpc.Tls;

namespace Kv.Server.Tls;

/// <summary>Whether somebody connects from where its certificate says that it lives. A certificate that names no host
/// binds to none; one that does was made for a machine, and is of no use to who has stolen it.</summary>
internal static class AddressCheck
{
    /// <summary>What speaks against it, in etcd's words; null if nothing.</summary>
    public static async Task<string?> FindFaultAsync(
        X509Certificate2 certificate, EndPoint? remote, CancellationToken cancelled)
    {
        IReadOnlyList<IPAddress> addresses = CertificateNames.Addresses(certificate);
        IReadOnlyList<string> names = CertificateNames.DnsNames(certificate);
        if (remote is not IPEndPoint end || (addresses.Count == 0 && names.Count == 0))
            return null;

        IPAddress from = end.Address.IsIPv4MappedToIPv6 ? end.Address.MapToIPv4() : end.Address;
        if (addresses.Contains(from))
            return null;
        if (names.Count == 0)
            return $"x509: certificate is valid for {string.Join(", ", addresses)}, not {from}";
        if (await IsOneOfAsync(from, names, cancelled))
            return null;
        string quoted = string.Join(' ', names.Select(name => $"\"{name}\""));
        return $"tls: \"{from}\" does not match any of DNSNames [{quoted}]";
    }

    private static async Task<bool> IsOneOfAsync(
        IPAddress address, IReadOnlyList<string> names, CancellationToken cancelled)
    {
        string found = await NameOfAsync(address, cancelled);
        if (names.Any(name => Matches(name, found)))
            return true;
        foreach (string name in names.Where(name => !name.StartsWith("*.", StringComparison.Ordinal)))
        {
            if ((await AddressesOfAsync(name, cancelled)).Contains(address))
                return true;
        }

        return false;
    }

    // Here a wildcard stands for any number of labels, as in etcd: members of a StatefulSet have names of many.
    private static bool Matches(string pattern, string name) => pattern.StartsWith("*.", StringComparison.Ordinal)
        ? name.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
        : name.Equals(pattern, StringComparison.OrdinalIgnoreCase);

    private static async Task<string> NameOfAsync(IPAddress address, CancellationToken cancelled)
    {
        try
        {
            return (await Dns.GetHostEntryAsync(address.ToString(), cancelled)).HostName.TrimEnd('.');
        }
        catch (SocketException)
        {
            return ""; // nobody knows its name
        }
    }

    private static async Task<IPAddress[]> AddressesOfAsync(string name, CancellationToken cancelled)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(name, cancelled);
        }
        catch (Exception fault) when (fault is SocketException or ArgumentException)
        {
            return []; // nobody has it, or it is no name
        }
    }
}
