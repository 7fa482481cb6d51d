namespace Kv.Storage;

/// <summary>A shared mapping of a file. Longer than the file on purpose: address space costs nothing, and a mapping
/// that never moves lets readers keep their pointers while the file grows.</summary>
internal sealed unsafe class RealFileView(nint start, long reservedBytes) : IFileView
{
    private nint _start = start;

    public byte* Start => (byte*)_start;

    public long ReservedBytes => reservedBytes;

    public void Dispose()
    {
        nint mapped = Interlocked.Exchange(ref _start, 0);
        if (mapped != 0)
            Invariant.Require(LinuxCalls.Unmap(mapped, (nuint)reservedBytes) == 0);
    }
}
