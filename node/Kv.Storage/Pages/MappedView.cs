namespace Kv.Storage.Pages;

/// <summary>A mapping of the file that lives as long as a state that looks through it: when the file outgrows its
/// mapping, readers from before keep the old one.</summary>
internal sealed unsafe class MappedView(IFileView view)
{
    private int _users = 1;

    public byte* Start { get; } = view.Start;

    public long ReservedBytes { get; } = view.ReservedBytes;

    public void Share() => Interlocked.Increment(ref _users);

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            view.Dispose();
    }
}
