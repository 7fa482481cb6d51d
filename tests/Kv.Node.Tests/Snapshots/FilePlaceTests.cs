using System.Text;
using Kv.Server.Cli;
using Kv.Server.Snapshots;
using Kv.Testing;

namespace Kv.Node.Tests.Snapshots;

public sealed class FilePlaceTests : IDisposable
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("all the keys");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TempDirectory _folder = new();

    private string File1 => Path.Combine(_folder.Path, "demo", "one.db");

    [Fact]
    public async Task What_is_written_is_found_with_its_label_and_read_back()
    {
        using ISnapshotPlace place = Open();
        Assert.Null(await place.FindAsync(CancellationToken.None));

        await place.WriteAsync(new MemoryStream(Content), Label("me"), CancellationToken.None);

        Assert.Equal(
            new PlacedSnapshot(Content.Length, "me", "ab", 7), await place.FindAsync(CancellationToken.None));
        await using Stream read = await place.ReadAsync(CancellationToken.None);
        using var copy = new MemoryStream();
        await read.CopyToAsync(copy);
        Assert.Equal(Content, copy.ToArray());
        Assert.Equal(["one.db", "one.db.label"], Names());
    }

    [Fact]
    public async Task A_writer_that_breaks_off_leaves_nothing_that_looks_like_a_snapshot()
    {
        using ISnapshotPlace place = Open();

        await Assert.ThrowsAsync<IOException>(() => place.WriteAsync(
            new MemoryStream(Content[..5]), Label("me"), CancellationToken.None));

        Assert.Null(await place.FindAsync(CancellationToken.None));
        await place.WriteAsync(new MemoryStream(Content), Label("me"), CancellationToken.None);
        Assert.Equal(["one.db", "one.db.label"], Names());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_anothers_is_neither_overwritten_nor_deleted(bool hasLabel)
    {
        using ISnapshotPlace place = Open();
        if (hasLabel)
        {
            await place.WriteAsync(new MemoryStream(Content), Label("other"), CancellationToken.None);
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(File1)!);
            await File.WriteAllBytesAsync(File1, Content);
        }

        var said = await Assert.ThrowsAsync<ForeignSnapshotException>(() => place.WriteAsync(
            new MemoryStream(new byte[9]), Label("me", 9), CancellationToken.None));
        await Assert.ThrowsAsync<ForeignSnapshotException>(() => place.DeleteAsync("me", CancellationToken.None));

        Assert.Contains(hasLabel ? "belongs to other" : "has no label", said.Message, StringComparison.Ordinal);
        Assert.Equal(Content, await File.ReadAllBytesAsync(File1));
    }

    [Fact]
    public async Task Who_writes_again_keeps_what_is_there_and_who_deletes_again_is_through()
    {
        using ISnapshotPlace place = Open();
        await place.WriteAsync(new MemoryStream(Content), Label("me"), CancellationToken.None);

        await place.WriteAsync(new MemoryStream(new byte[9]), Label("me", 9), CancellationToken.None);
        Assert.Equal(Content, await File.ReadAllBytesAsync(File1));

        await place.DeleteAsync("me", CancellationToken.None);
        await place.DeleteAsync("me", CancellationToken.None);
        Assert.Empty(Names());
    }

    [Fact]
    public async Task Two_that_write_at_the_same_time_do_not_mix_what_they_write()
    {
        using ISnapshotPlace place = Open();
        using var slow = new SlowStream();
        Task first = place.WriteAsync(slow, Label("me", 0), CancellationToken.None);
        await slow.Reached.WaitAsync(Patience);

        IOException said = await Assert.ThrowsAsync<IOException>(() => place.WriteAsync(
            new MemoryStream(Content), Label("me"), CancellationToken.None));
        slow.End();
        await first.WaitAsync(Patience);

        Assert.Contains("is being written by another process", said.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///folder/")]
    [InlineData("file://host/folder/name.db")]
    [InlineData("s3:///name.db")]
    [InlineData("http://host/name.db")]
    [InlineData("name.db")]
    public void What_is_no_place_is_told(string text) => Assert.Throws<CommandFailedException>(
        () => SnapshotPlaces.Open(SnapshotPlaces.ParseLocation(text), settings: null));

    public void Dispose() => _folder.Dispose();

    private ISnapshotPlace Open() => SnapshotPlaces.Open(new Uri($"file://{File1}"), settings: null);

    private string[] Names() =>
        [.. Directory.EnumerateFiles(Path.GetDirectoryName(File1)!).Select(each => Path.GetFileName(each)).Order()];

    private static SnapshotLabel Label(string owner, long? size = null) => new(owner, "ab", 7, size ?? Content.Length);

    /// <summary>Nothing comes from it until it ends.</summary>
    private sealed class SlowStream : MemoryStream
    {
        private readonly TaskCompletionSource _reached = new();
        private readonly TaskCompletionSource _end = new();

        public Task Reached => _reached.Task;

        public void End() => _end.SetResult();

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _reached.TrySetResult();
            await _end.Task;
            return 0;
        }
    }
}
