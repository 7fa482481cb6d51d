using System.Security.Cryptography;

namespace Kv.Server.Cli;

/// <summary>Reads another stream, and knows the SHA-256 of what was read.</summary>
internal sealed class HashedStream(Stream content) : ForwardStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Of all bytes read since the last call, in hexadecimal.</summary>
    public string TakeHash() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await content.ReadAsync(buffer, cancellationToken);
        _hash.AppendData(buffer.Span[..count]);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        int read = content.Read(buffer, offset, count);
        _hash.AppendData(buffer, offset, read);
        return read;
    }

    /// <summary>The content stays open: it is its opener's.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}
