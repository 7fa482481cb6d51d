using Kv.Grpc.Tls;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Tls;

/// <summary>The files of one side, clients or peers. Who shakes hands looks whether they have changed, a few times a
/// second at most; the connections that there are stay as they are.</summary>
internal sealed class TlsMaterial
{
    // Seldom enough that a storm of handshakes does not read files, often enough that nobody waits for it.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _looking = new();
    private readonly LoadedFiles<TlsIdentity>? _serving;
    private readonly LoadedFiles<TlsIdentity>? _calling;
    private readonly LoadedFiles<TrustAnchors>? _authorities;
    private readonly LoadedFiles<RevokedCertificates>? _revoked;
    private long _lookedAt;

    private TlsMaterial(TlsFiles files, TimeProvider time, ILogger log)
    {
        _time = time;
        _log = log;
        _serving = Open([files.Certificate, files.Key], TlsIdentity.Parse);
        _calling = Open([files.CallingCertificate, files.CallingKey], TlsIdentity.Parse);
        _authorities = Open([files.TrustedAuthorities], AuthorityFile.Parse);
        _revoked = Open([files.Revoked], RevokedCertificates.Parse);
        _lookedAt = time.GetTimestamp();
    }

    /// <exception cref="TlsFileException">A file cannot be read or does not hold what it should.</exception>
    public static TlsMaterial Load(TlsFiles files, TimeProvider time, ILogger log) => new(files, time, log);

    /// <summary>What the files hold now, or held when they last made sense.</summary>
    public TlsSnapshot Current()
    {
        LookForChanges();
        return new TlsSnapshot(
            _serving?.Value, (_calling ?? _serving)?.Value, _authorities?.Value, _revoked?.Value);
    }

    private static LoadedFiles<T>? Open<T>(string[] paths, Func<IReadOnlyList<TlsFile>, T> parse)
        where T : class
    {
        if (paths.Contains(""))
            return null;
        var files = new LoadedFiles<T>(paths, File.ReadAllBytes, parse);
        files.Load();
        return files;
    }

    private void LookForChanges()
    {
        // One looks for all; who comes meanwhile does not wait, and may get what was there before.
        if (_time.GetElapsedTime(Volatile.Read(ref _lookedAt)) < LookInterval || !_looking.TryEnter())
            return;
        try
        {
            _serving?.Refresh(_log);
            _calling?.Refresh(_log);
            _authorities?.Refresh(_log);
            _revoked?.Refresh(_log);
            Volatile.Write(ref _lookedAt, _time.GetTimestamp());
        }
        finally
        {
            _looking.Exit();
        }
    }
}
