using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Store;

namespace Kv.Server.Cli;

/// <summary>The hash by which members compare their keys, of a file that no node holds. Opens the store as a node
/// would, but writes nothing, so that it can also be asked of a snapshot.</summary>
internal static class HistoryHash
{
    public static ResultTable Run(IDisk disk, string path, long revision)
    {
        KeyValueHash hash = Compute(disk, path, revision);
        return new ResultTable(
            [
                new("hash", "Hash", "hash"), new("hash revision", "Hash revision", "hashRevision"),
                new("compact revision", "Compact revision", "compactRevision"),
            ],
            [[new(hash.Hash), new(hash.Revision), new(hash.CompactRevision)]]);
    }

    /// <param name="revision">0 for the last.</param>
    public static KeyValueHash Compute(IDisk disk, string path, long revision)
    {
        if (!disk.FileExists(path))
            throw new CommandFailedException($"stat {path}: no such file or directory");

        var lane = new ClosedLane();
        var options = new BackendOptions { CommitLane = lane, Pages = new PageFileOptions { ReadOnly = true } };
        using var backend = Backend.Open(disk, path, options);
        var store = MvccStore.Open(backend, new NoLeases(), lane);
        var error = store.HashKv(revision, out var hash);
        if (error != KvError.None)
            throw new CommandFailedException(KvErrorTable.Text(error));

        return hash;
    }

    /// <summary>Does nothing: a compaction that was under way stays so.</summary>
    private sealed class ClosedLane : ILane
    {
        public void Post(Action work)
        {
        }
    }

    /// <summary>Which keys have leases makes no difference to the hash.</summary>
    private sealed class NoLeases : ILeaseAttachments
    {
        public bool Exists(long lease) => false;

        public void Attach(long lease, ReadOnlySpan<byte> key) => Invariant.Require(false);

        public void Detach(ReadOnlySpan<byte> key)
        {
        }
    }
}
