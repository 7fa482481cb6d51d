namespace Kv.Store;

/// <summary>An encoded <c>RequestOp</c>, read in place.</summary>
public readonly ref struct RequestOpView
{
    public RequestOpKind Kind { get; init; }

    /// <summary>The request of that kind, encoded.</summary>
    public ReadOnlySpan<byte> Request { get; init; }

    public static bool TryRead(ReadOnlySpan<byte> message, out RequestOpView operation)
    {
        var kind = RequestOpKind.None;
        ReadOnlySpan<byte> request = default;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            if (reader.Field > (int)RequestOpKind.Txn)
            {
                reader.Skip();
                continue;
            }

            kind = (RequestOpKind)reader.Field;
            request = reader.Span();
        }

        operation = new RequestOpView { Kind = kind, Request = request };
        return !reader.IsMalformed;
    }
}
