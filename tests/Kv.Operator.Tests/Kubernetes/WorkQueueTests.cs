using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Queues;
using Kv.Testing;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class WorkQueueTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly RuntimeMetrics _metrics = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new WorkQueue<string>("q", new WorkQueueOptions(), _metrics, _time);

    public void Dispose()
    {
        _queue.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task A_key_that_waits_is_there_once()
    {
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("a");

        Assert.Equal(["a", "b"], [await TakeAsync(), await TakeAsync()]);
        Assert.Equal(0, _queue.Depth);
    }

    [Fact]
    public async Task A_key_added_while_it_is_worked_on_comes_again_when_that_is_done_and_not_before()
    {
        _queue.Add("a");
        string key = await TakeAsync();
        _queue.Add("a");
        _queue.Add("a");

        Assert.Equal(0, _queue.Depth);
        _queue.Done(key);
        Assert.Equal("a", await TakeAsync());
        _queue.Done("a");
        Assert.Equal(0, _queue.Depth);
    }

    [Fact]
    public async Task Of_several_times_the_earliest_counts()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(30));
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromMinutes(10));

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, _queue.Depth);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal("a", await TakeAsync());
        _queue.Done("a");
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, _queue.Depth);
    }

    [Fact]
    public async Task Work_in_between_does_not_cancel_what_is_to_come()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.Add("a");
        _queue.Done(await TakeAsync());

        _time.Advance(TimeSpan.FromSeconds(10.1));

        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public void A_failing_key_waits_twice_as_long_each_time_up_to_a_limit_and_for_ever()
    {
        var pauses = Enumerable.Range(0, 100).Select(_ => _queue.AddRateLimited("a")).ToList();

        Assert.Equal([5.0, 10, 20, 40], pauses.Take(4).Select(each => each.TotalMilliseconds));
        Assert.All(pauses.Skip(14), each => Assert.Equal(TimeSpan.FromMinutes(1), each));
        Assert.Equal(TimeSpan.FromMilliseconds(5), _queue.AddRateLimited("another"));
        _queue.Forget("a");
        Assert.Equal(TimeSpan.FromMilliseconds(5), _queue.AddRateLimited("a"));
    }

    [Fact]
    public async Task Waits_of_months_are_waited()
    {
        _queue.AddAfter("a", TimeSpan.FromDays(100));

        _time.Advance(TimeSpan.FromDays(99));
        Assert.Equal(0, _queue.Depth);
        _time.Advance(TimeSpan.FromDays(1.1));
        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public void What_nobody_works_on_cannot_be_done() =>
        Assert.Throws<InvalidOperationException>(() => _queue.Done("a"));

    [Fact]
    public async Task Its_figures_tell_of_waiting_and_of_work()
    {
        _queue.Add("a");
        _queue.Add("b");
        _time.Advance(TimeSpan.FromSeconds(5));
        _queue.Done(await TakeAsync());
        string b = await TakeAsync();
        _time.Advance(TimeSpan.FromSeconds(30));
        _queue.Add("c");

        string text = _metrics.Exporter.Write();

        foreach (string line in (string[])
        [
            "workqueue_depth{LABELS} 1", "workqueue_adds_total{LABELS} 3", "workqueue_retries_total{LABELS} 0",
            "workqueue_queue_duration_seconds_sum{LABELS} 10", "workqueue_work_duration_seconds_count{LABELS} 1",
            "workqueue_longest_running_processor_seconds{LABELS} 30", "workqueue_unfinished_work_seconds{LABELS} 30",
        ])
        {
            string expected = line.Replace("LABELS", "controller=\"q\",name=\"q\"", StringComparison.Ordinal);
            Assert.Contains(expected + "\n", text, StringComparison.Ordinal);
        }

        _queue.Done(b);
    }

    /// <summary>Against a model that says only what is promised: no key is with two workers; every key that was added
    /// after it was last taken is given out in the end; nothing is given out that was not added.</summary>
    [Theory]
    [Seeds(100)]
    public async Task Keeps_its_promises_whatever_happens(int seed)
    {
        var random = new Random(seed);
        var owed = new HashSet<string>();
        var working = new List<string>();
        for (int step = 0; step < 300; step++)
        {
            string key = $"k{random.Next(5)}";
            switch (random.Next(4))
            {
                case 0:
                    _queue.Add(key);
                    owed.Add(key);
                    break;
                case 1 when _queue.Depth > 0:
                    string taken = await TakeAsync();
                    Assert.DoesNotContain(taken, working);
                    Assert.True(owed.Remove(taken), $"{taken} was not owed");
                    working.Add(taken);
                    break;
                case 2 when working.Count > 0:
                    int index = random.Next(working.Count);
                    _queue.Done(working[index]);
                    working.RemoveAt(index);
                    break;
                default:
                    Assert.Equal(owed.Except(working).Count(), _queue.Depth);
                    break;
            }
        }
    }

    private async Task<string> TakeAsync() => await _queue.TakeAsync(default).WaitAsync(TimeSpan.FromSeconds(10));
}
