using Kv.Storage;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Leases;

/// <summary>A backend in a directory of its own, whose commits are done at once, and which can be closed and opened
/// again.</summary>
internal sealed class BackendOnDisk : IDisposable
{
    private readonly TempDirectory _directory;

    public BackendOnDisk()
        : this(new TempDirectory(), "db")
    {
    }

    private BackendOnDisk(TempDirectory directory, string file)
    {
        _directory = directory;
        Path = directory[file];
        Backend = Open();
    }

    public Backend Backend { get; private set; }

    public string Path { get; }

    /// <summary>The page file of a data directory that a real etcd wrote.</summary>
    public static BackendOnDisk OfFixture(string name, string member = "m1") =>
        new(Fixture.Unpack(name), $"{member}.etcd/member/snap/db");

    /// <summary>Commits all, and opens the file anew.</summary>
    public void Reopen()
    {
        Backend.ForceCommit();
        Backend.Dispose();
        Backend = Open();
    }

    public void Dispose()
    {
        Backend.Dispose();
        _directory.Dispose();
    }

    private Backend Open() =>
        Backend.Open(new RealDisk(), Path, new BackendOptions { CommitLane = new ImmediateLane() });

    private sealed class ImmediateLane : ILane
    {
        public void Post(Action work) => work();
    }
}
