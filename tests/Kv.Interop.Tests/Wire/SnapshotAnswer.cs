using System.Security.Cryptography;
using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Interop.Tests.Wire;

/// <summary>The answer of Maintenance.Snapshot, whose bytes were not recorded: it must end with its own
/// checksum.</summary>
public static class SnapshotAnswer
{
    public static string? Check(IReadOnlyList<IMessage> messages)
    {
        var chunks = messages.Cast<SnapshotResponse>().ToList();
        if (chunks.Count < 2)
            return $"  a snapshot of {chunks.Count} messages";

        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (SnapshotResponse chunk in chunks.SkipLast(1))
            sha.AppendData(chunk.Blob.Span);
        bool equal = sha.GetHashAndReset().AsSpan().SequenceEqual(chunks[^1].Blob.Span);
        bool falling = chunks.Zip(chunks.Skip(1)).All(pair => pair.First.RemainingBytes >= pair.Second.RemainingBytes);
        return (equal, falling) switch
        {
            (false, _) => "  the snapshot does not end with its SHA-256",
            (_, false) => "  remaining_bytes grows",
            _ => null,
        };
    }
}
