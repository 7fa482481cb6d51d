namespace Kv.Server.Peers.Outbound;

/// <summary>Which of a peer's URLs to use: the last that worked.</summary>
internal sealed class UrlPicker
{
    private readonly Lock _gate = new();
    private Uri[] _urls;
    private int _picked;

    public UrlPicker(IEnumerable<string> urls) => _urls = Parse(urls);

    /// <summary>Null if the peer has none that could be used.</summary>
    public Uri? Pick()
    {
        lock (_gate)
            return _urls.Length == 0 ? null : _urls[_picked];
    }

    /// <summary>This one did not work: takes the next, unless somebody has already.</summary>
    public void Avoid(Uri failed)
    {
        lock (_gate)
        {
            if (_urls.Length > 0 && ReferenceEquals(_urls[_picked], failed))
                _picked = (_picked + 1) % _urls.Length;
        }
    }

    public void Update(IEnumerable<string> urls)
    {
        Uri[] parsed = Parse(urls);
        lock (_gate)
        {
            _urls = parsed;
            _picked = 0;
        }
    }

    private static Uri[] Parse(IEnumerable<string> urls) =>
    [
        .. urls.Select(text => Uri.TryCreate(text.Trim(), UriKind.Absolute, out Uri? url) ? url : null)
            .Where(url => url is { Scheme: "http" or "https" })!,
    ];
}
