namespace Kv.Replication;

/// <summary>Proposals whose outcome is known, told together: one hop to the thread pool for a whole batch, and each
/// answer is written by the thread that tells it. The apply lane fills one and hands it over with
/// <see cref="Send"/>.</summary>
internal sealed class Completions : IThreadPoolWorkItem
{
    private readonly List<Proposal> _settled = [];

    public int Count => _settled.Count;

    public void Add(Proposal settled) => _settled.Add(settled);

    public void Send() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    public void Execute()
    {
        foreach (Proposal proposal in _settled)
            proposal.Tell();
    }
}
