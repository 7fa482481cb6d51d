namespace Kv.Store;

/// <summary>An encoded <c>DeleteRangeRequest</c>, read in place.</summary>
public readonly ref struct DeleteRangeRequestView
{
    public ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> RangeEnd { get; init; }

    public bool WantsPrevious { get; init; }

    public KeyRange Range => new(Key, RangeEnd);

    public static bool TryRead(ReadOnlySpan<byte> message, out DeleteRangeRequestView request)
    {
        ReadOnlySpan<byte> key = default;
        ReadOnlySpan<byte> rangeEnd = default;
        bool wantsPrevious = false;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    key = reader.Span();
                    break;
                case 2:
                    rangeEnd = reader.Span();
                    break;
                case 3:
                    wantsPrevious = reader.Boolean();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        request = new DeleteRangeRequestView { Key = key, RangeEnd = rangeEnd, WantsPrevious = wantsPrevious };
        return !reader.IsMalformed;
    }
}
