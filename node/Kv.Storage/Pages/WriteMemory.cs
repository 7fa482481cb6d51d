namespace Kv.Storage.Pages;

/// <summary>What a write transaction works with, kept from one to the next so that a commit makes next to no
/// garbage.</summary>
internal sealed class WriteMemory(int pageSize) : IDisposable
{
    private const int KeyChunkBytes = 256 << 10;
    private const long KeyKeepBytesMax = 16L << 20;
    private const int NodesKeptMax = 4096;
    private const int NodeItemsKeptMax = 16 << 10;

    private readonly List<Node> _nodes = [];
    private int _used;

    public Arena Keys { get; } = new(KeyChunkBytes, KeyKeepBytesMax);

    public PageWriter Pages { get; } = new(pageSize);

    public Node TakeNode()
    {
        if (_used == _nodes.Count)
            _nodes.Add(new Node());
        return _nodes[_used++];
    }

    /// <summary>Takes back all that was taken.</summary>
    public void Reset()
    {
        for (int index = 0; index < _used; index++)
        {
            _nodes[index].Clear();
            if (_nodes[index].Capacity > NodeItemsKeptMax)
                _nodes[index] = new Node();
        }

        if (_nodes.Count > NodesKeptMax)
            _nodes.RemoveRange(NodesKeptMax, _nodes.Count - NodesKeptMax);
        _used = 0;
        Keys.Reset();
        Pages.Reset();
    }

    public void Dispose()
    {
        Keys.Dispose();
        Pages.Dispose();
    }
}
