using Etcdserverpb;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

/// <summary>A client's stream that knows what each of its watchers must be told, and checks each response against
/// it.</summary>
internal sealed class CheckedStream(WatchHub hub, MemoryStore store, WatchLimits limits)
{
    private readonly List<CheckedWatcher> _watchers = [];
    private readonly Queue<CheckedWatcher> _asked = new();
    private WatchClient _client = new(hub);

    public WatchStream Stream => _client.Stream;

    public int ProgressHeard { get; private set; }

    public int Lost { get; private set; }

    /// <summary>How many events its watchers were told.</summary>
    public long Told { get; private set; }

    /// <summary>Those that the hub must count: also the lost, until they are cancelled.</summary>
    public int WatcherCount => _watchers.Count(watcher => watcher.Id is not null);

    public void Create(WatchCreate request) => Ask(new CheckedWatcher(request, store, limits));

    public void CancelOne(Random random)
    {
        List<CheckedWatcher> created = [.. _watchers.Where(watcher => watcher.Id is not null)];
        if (created.Count > 0)
            Stream.Cancel(created[random.Next(created.Count)].Id!.Value);
    }

    /// <summary>Breaks the stream, whatever was on its way, and resumes all watchers on a new one.</summary>
    public void Reconnect()
    {
        _client.Stream.Close();
        _client = new WatchClient(hub);
        _asked.Clear();
        List<CheckedWatcher> resumed = [.. _watchers.Where(watcher => !watcher.IsOver)];
        _watchers.Clear();
        foreach (CheckedWatcher watcher in resumed)
        {
            watcher.Resume();
            Ask(watcher);
        }
    }

    public int Read(int max)
    {
        int read = 0;
        while (read < max && _client.Read() is { } response)
        {
            Check(response);
            read++;
        }

        return read;
    }

    public void CheckComplete()
    {
        Assert.Empty(_asked);
        foreach (CheckedWatcher watcher in _watchers)
            watcher.CheckComplete();
    }

    private void Ask(CheckedWatcher watcher)
    {
        _watchers.Add(watcher);
        _asked.Enqueue(watcher);
        Stream.Create(watcher.Request);
    }

    private void Check(WatchResponse response)
    {
        if (response.Created)
        {
            Assert.False(response.Canceled);
            CheckedWatcher created = _asked.Dequeue();
            created.OnCreated(response.WatchId, response.Header.Revision);
            return;
        }

        if (response.WatchId == -1)
        {
            Assert.Empty(response.Events);
            Assert.NotEmpty(_watchers);
            ProgressHeard++;
            foreach (CheckedWatcher watcher in _watchers.Where(watcher => watcher.Id is not null))
                watcher.OnProgress(response.Header.Revision);
            return;
        }

        CheckedWatcher told = _watchers.Single(watcher => watcher.Id == response.WatchId);
        if (response.CompactRevision != 0)
        {
            Lost++;
            told.OnLost(response);
            if (told.Request.WithPrevious)
                Stream.Cancel(response.WatchId); // half of them; the others silence their stream
        }
        else if (response.Canceled)
        {
            told.Id = null;
            told.IsOver = true;
        }
        else if (response.Events.Count == 0)
        {
            ProgressHeard++;
            Assert.True(told.Request.ProgressNotify);
            told.OnProgress(response.Header.Revision);
        }
        else
        {
            told.OnEvents(response);
            Told += response.Events.Count;
        }
    }
}
