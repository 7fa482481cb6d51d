using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>The page file as one commit left it, to be sent to another member, and what that file says of itself. All
/// of it is read from the one transaction, so what is said and what is sent are of the same moment, whatever is
/// applied meanwhile. The file does not shrink below it until it is disposed. For one thread at a time.</summary>
public sealed class StoreSnapshot : IDisposable
{
    private readonly ReadTransaction _read;
    private readonly PagesReader _reader;
    private readonly MemberList _members;

    internal StoreSnapshot(ReadTransaction read)
    {
        _read = read;
        _reader = new PagesReader(read);
        _members = MemberList.Load(_reader);
        Index = _reader.ReadNumber(MetaKeys.ConsistentIndex);
        Term = _reader.ReadNumber(MetaKeys.Term);
    }

    /// <summary>The last entry that it contains.</summary>
    public ulong Index { get; }

    /// <summary>The term of that entry.</summary>
    public ulong Term { get; }

    /// <summary>Of the page file.</summary>
    public string Path => _read.Path;

    /// <summary>How many bytes are to be sent.</summary>
    public long Bytes => _read.Bytes;

    public IReadOnlyList<ClusterMember> Members => _members.Members;

    /// <summary>The index of the last entry that the page file at <paramref name="path"/> contains; 0 if
    /// none.</summary>
    /// <exception cref="CorruptDataException">It is no page file, or a damaged one.</exception>
    public static ulong ReadIndex(IDisk disk, string path)
    {
        using var pages = PageFile.Open(disk, path, new PageFileOptions { ReadOnly = true });
        using ReadTransaction read = pages.BeginRead();
        return new PagesReader(read).ReadNumber(MetaKeys.ConsistentIndex);
    }

    /// <summary>Looks at the page file at <paramref name="path"/>, which nobody works with.</summary>
    /// <exception cref="CorruptDataException">It is no page file, or a damaged one.</exception>
    public static T Read<T>(IDisk disk, string path, Func<StoreSnapshot, T> look)
    {
        using var pages = PageFile.Open(disk, path, new PageFileOptions { ReadOnly = true });
        using var store = new StoreSnapshot(pages.BeginRead());
        return look(store);
    }

    public bool TryGet(StoreBucket bucket, ReadOnlySpan<byte> key, out byte[] value) =>
        _reader.TryGet(bucket, key, out value);

    /// <summary>The membership as etcd puts it into the message.</summary>
    public byte[] ToV2StoreJson() => _members.ToV2StoreJson();

    /// <summary>Fills <paramref name="destination"/> with the bytes from <paramref name="offset"/> on; the count is
    /// short only at the end.</summary>
    public int Read(long offset, Span<byte> destination) => _read.ReadSnapshot(offset, destination);

    public void Dispose() => _read.Dispose();
}
