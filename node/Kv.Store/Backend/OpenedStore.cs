using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>A page file that has been opened, with all its buckets, and that nobody reads or writes yet: the one a
/// member starts with, or one that came from the leader and is being read before it takes the other's place.</summary>
internal sealed class OpenedStore : IBucketReader
{
    private readonly PagesReader _reader;

    private OpenedStore(PageFile pages, ulong index, ulong term)
    {
        Pages = new PinnedPages(new StoreFile(pages) { CommittedIndex = index });
        _reader = new PagesReader(Pages.Read);
        Active = new PendingBatch { ConsistentIndex = index, Term = term };
        View = new StoreView(Pages, [Active]);
    }

    /// <summary>What is to be applied next goes here.</summary>
    public PendingBatch Active { get; }

    /// <summary>Held once, for whoever takes this over.</summary>
    public StoreView View { get; }

    public string Path => Pages.Read.Path;

    private PinnedPages Pages { get; }

    /// <summary>Opens the page file, or makes it.</summary>
    public static OpenedStore Open(IDisk disk, string path, PageFileOptions options)
    {
        var pages = PageFile.Open(disk, path, options);
        try
        {
            CreateBuckets(pages);
            (ulong index, ulong term) = ReadPlace(pages);
            return new OpenedStore(pages, index, term);
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    public bool TryGet(StoreBucket bucket, ReadOnlySpan<byte> key, out byte[] value) =>
        _reader.TryGet(bucket, key, out value);

    public void ForEach(StoreBucket bucket, StoreVisitor visitor) => _reader.ForEach(bucket, visitor);

    // The last entry that is in the file.
    private static (ulong Index, ulong Term) ReadPlace(PageFile pages)
    {
        using ReadTransaction read = pages.BeginRead();
        var reader = new PagesReader(read);
        return (reader.ReadNumber(MetaKeys.ConsistentIndex), reader.ReadNumber(MetaKeys.Term));
    }

    private static void CreateBuckets(PageFile pages)
    {
        using (var read = pages.BeginRead())
        {
            if (StoreBuckets.All.All(bucket => read.TryOpenBucket(StoreBuckets.Name(bucket), out _)))
                return;
        }

        using var write = pages.BeginWrite();
        foreach (StoreBucket bucket in StoreBuckets.All)
            write.CreateBucketIfMissing(StoreBuckets.Name(bucket));
        write.Commit();
    }
}
