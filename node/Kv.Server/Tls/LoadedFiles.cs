using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Tls;

/// <summary>What some files come to, read again when what is in them has changed. Contents are compared, as neither
/// names nor times tell: Kubernetes replaces a secret by turning a link, and links keep their time. New files that do
/// not make sense change nothing; they are complained about once, and only when they stay so, as a certificate and its
/// key cannot be replaced in one step.</summary>
internal sealed class LoadedFiles<T>(
    IReadOnlyList<string> paths, Func<string, byte[]> read, Func<IReadOnlyList<TlsFile>, T> parse)
    where T : class
{
    private string _good = "";
    private string _bad = "";
    private bool _isTold;
    private volatile T? _value;

    public T Value => _value!;

    /// <exception cref="TlsFileException">They make no sense.</exception>
    public void Load()
    {
        IReadOnlyList<TlsFile> files = ReadAll();
        _value = parse(files);
        _good = Fingerprint(files);
    }

    /// <summary>To be called by one thread at a time.</summary>
    public void Refresh(ILogger log)
    {
        string found = "";
        try
        {
            IReadOnlyList<TlsFile> files = ReadAll();
            found = Fingerprint(files);
            if (found == _good)
            {
                (_bad, _isTold) = ("", false);
                return;
            }

            if (found == _bad && _isTold)
                return;
            _value = parse(files);
            (_good, _bad, _isTold) = (found, "", false);
            TlsLog.ReloadedFiles(log, paths);
        }
        catch (TlsFileException fault)
        {
            string state = found.Length > 0 ? found : fault.Message;
            bool isLasting = state == _bad;
            if (isLasting && !_isTold)
                TlsLog.FailedToReload(log, paths, fault);
            (_bad, _isTold) = (state, isLasting);
        }
    }

    private List<TlsFile> ReadAll() => [.. paths.Select(path => TlsFile.Read(path, read))];

    private static string Fingerprint(IReadOnlyList<TlsFile> files) =>
        string.Concat(files.Select(file => Convert.ToHexString(SHA256.HashData(file.Content))));
}
