namespace Kv.Interop.Tests.Wire;

/// <summary>How a gRPC call ended, and the bytes of its messages.</summary>
public sealed record RawAnswer(int Code, string Detail, IReadOnlyList<byte[]> Messages)
{
    public bool Succeeded => Code == 0;
}
