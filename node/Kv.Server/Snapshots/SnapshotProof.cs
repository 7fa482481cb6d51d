using System.Security.Cryptography;
using Etcdserverpb;
using Grpc.Core;
using Kv.Server.Cli;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Store;

namespace Kv.Server.Snapshots;

/// <summary>Finds out whether a file is a snapshot of a cluster, and a sound one: its checksum is right, its pages hold
/// together, and its history has the same hash as that of a member, if possible of another than the one that sent
/// it.</summary>
internal static class SnapshotProof
{
    private const int HashBytes = 32;
    private const int SectorBytes = 512;
    private const int ChunkBytes = 1 << 20;

    private static readonly TimeSpan HashLimit = TimeSpan.FromMinutes(2);

    /// <summary>Checks what the file itself shows.</summary>
    /// <returns>The SHA-256 of the whole file, and the hash of its history.</returns>
    /// <exception cref="IOException">It is not sound.</exception>
    public static (string Sha256, KeyValueHash History) Check(RealDisk disk, string path)
    {
        string sha256 = CheckTrailer(path);
        try
        {
            using (var pages = PageFile.Open(disk, path, new PageFileOptions { ReadOnly = true }))
            {
                VerifyReport report = pages.Verify();
                if (!report.IsClean)
                    throw new IOException($"the snapshot's pages are damaged: {report.Faults[0]}");
            }

            return (sha256, HistoryHash.Compute(disk, path, revision: 0));
        }
        catch (CorruptDataException fault)
        {
            throw new IOException($"the snapshot is damaged: {fault.Message}", fault);
        }
    }

    /// <summary>Compares with what the members have at the same revision.</summary>
    /// <param name="members">To be asked in this order, until one can answer.</param>
    /// <exception cref="HistoryGoneException">Nobody has that history any more; a later snapshot can be compared.
    /// </exception>
    /// <exception cref="IOException">It differs.</exception>
    public static async Task CompareAsync(
        KeyValueHash history, IEnumerable<AskedMember> members, CancellationToken stop)
    {
        List<string> answers = [];
        foreach (AskedMember member in members)
        {
            try
            {
                HashKVResponse answer = await member.Maintenance.HashKVAsync(
                    new HashKVRequest { Revision = history.Revision },
                    new CallOptions(
                        deadline: TimeProvider.System.GetUtcNow().UtcDateTime + HashLimit, cancellationToken: stop));
                if (answer.CompactRevision != history.CompactRevision)
                    answers.Add($"{member.Endpoint} has compacted at {answer.CompactRevision}");
                else if (answer.Hash == history.Hash)
                    return;
                else
                    throw Differs(history, member.Endpoint, answer.Hash);
            }
            catch (RpcException refused) when (!stop.IsCancellationRequested)
            {
                answers.Add($"{member.Endpoint}: {refused.Status.Detail}");
            }
        }

        throw new HistoryGoneException(history, answers);
    }

    private static IOException Differs(KeyValueHash history, Uri endpoint, uint hash) => new(
        $"the snapshot's history has the hash {history.Hash} at revision {history.Revision} (compacted at " +
        $"{history.CompactRevision}), and that of {endpoint} has {hash}: one of them is damaged");

    private static string CheckTrailer(string path)
    {
        using var pages = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (file.Length < HashBytes || file.Length % SectorBytes != HashBytes)
            throw new IOException($"the snapshot has {file.Length} bytes and so lacks the checksum at its end");

        byte[] chunk = new byte[ChunkBytes];
        for (long left = file.Length - HashBytes; left > 0;)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(left, ChunkBytes));
            file.ReadExactly(part);
            pages.AppendData(part);
            whole.AppendData(part);
            left -= part.Length;
        }

        byte[] trailer = new byte[HashBytes];
        file.ReadExactly(trailer);
        whole.AppendData(trailer);
        byte[] computed = pages.GetHashAndReset();
        if (!computed.AsSpan().SequenceEqual(trailer))
        {
            throw new IOException(
                $"the snapshot is not what was sent: expected sha256 {Convert.ToHexStringLower(trailer)}, got " +
                Convert.ToHexStringLower(computed));
        }

        return Convert.ToHexStringLower(whole.GetHashAndReset());
    }
}
