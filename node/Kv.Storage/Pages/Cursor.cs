using System.Runtime.CompilerServices;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>Walks a bucket in key order, both ways. A mutable struct, so that a walk costs no allocation: keep it in a
/// local or a field that is not readonly, and pass it by reference. It holds the path from the root to where it
/// stands, so a step inside a leaf touches nothing else.</summary>
public unsafe struct Cursor
{
    private readonly Bucket _bucket;
    private Path _path;
    private Page _leaf;
    private int _depth; // of the leaf; -1 while the cursor stands nowhere
    private int _index; // in the leaf

    internal Cursor(Bucket bucket)
    {
        _bucket = bucket;
        _depth = -1;
    }

    public readonly ReadOnlySpan<byte> Key => Standing().LeafKey(_index);

    /// <summary>Of a bucket, its header, and its pairs if it is inline.</summary>
    public readonly ReadOnlySpan<byte> Value => Standing().LeafValue(_index);

    /// <summary>Whether a bucket stands under the key, not a value.</summary>
    public readonly bool IsBucket => Standing().IsBucket(_index);

    /// <summary>The bucket under the key.</summary>
    public readonly Bucket OpenBucket()
    {
        var leaf = Standing();
        Invariant.Require(leaf.IsBucket(_index));
        return _bucket.Open(leaf, _index);
    }

    public bool SeekFirst()
    {
        Descend(_bucket.RootPage(), depth: 0, toLast: false);
        return _index < _leaf.Count || Next();
    }

    public bool SeekLast()
    {
        Descend(_bucket.RootPage(), depth: 0, toLast: true);
        return _index >= 0 || Previous();
    }

    /// <summary>To the first key not below <paramref name="key"/>.</summary>
    public bool Seek(ReadOnlySpan<byte> key)
    {
        var page = _bucket.RootPage();
        int depth = 0;
        while (!page.IsLeaf)
        {
            int index = page.SearchBranch(key);
            page = Enter(page, depth++, index);
        }

        _leaf = page;
        _depth = depth;
        _index = page.SearchLeaf(key, out _);
        return _index < page.Count || Next();
    }

    /// <summary>False at the end, where the cursor then stands nowhere.</summary>
    public bool Next()
    {
        if (_depth < 0)
            return false;

        _index++;
        while (_index >= _leaf.Count)
        {
            if (!StepLeaf(by: 1))
                return false;
        }

        return true;
    }

    /// <summary>False at the beginning, where the cursor then stands nowhere.</summary>
    public bool Previous()
    {
        if (_depth < 0)
            return false;

        _index--;
        while (_index < 0)
        {
            if (!StepLeaf(by: -1))
                return false;
        }

        return true;
    }

    private bool StepLeaf(int by)
    {
        int depth = _depth - 1;
        while (depth >= 0)
        {
            ref var frame = ref _path[depth];
            int index = frame.Index + by;
            if (index >= 0 && index < frame.Page.Count)
            {
                Descend(Enter(frame.Page, depth, index), depth + 1, toLast: by < 0);
                return true;
            }

            depth--;
        }

        _depth = -1;
        return false;
    }

    private void Descend(Page page, int depth, bool toLast)
    {
        while (!page.IsLeaf)
        {
            if (page.Count == 0)
                _bucket.State.ThrowCorrupt(page.Id, "a branch without children");
            page = Enter(page, depth++, toLast ? page.Count - 1 : 0);
        }

        _leaf = page;
        _depth = depth;
        _index = toLast ? page.Count - 1 : 0;
    }

    private Page Enter(Page branch, int depth, int index)
    {
        if (depth == DepthMax)
            _bucket.State.ThrowCorrupt(branch.Id, "the tree goes round in a circle");
        _path[depth] = new Frame(branch, index);
        return _bucket.State.GetPage(branch.Child(index));
    }

    private readonly Page Standing()
    {
        Invariant.Require(_depth >= 0);
        return _leaf;
    }

    private readonly struct Frame(Page page, int index)
    {
        public readonly Page Page = page;
        public readonly int Index = index;
    }

    [InlineArray(DepthMax)]
    private struct Path
    {
        private Frame _first;
    }
}
