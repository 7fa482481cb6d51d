namespace Kv.Store;

/// <summary>An encoded <c>RangeRequest</c>, read in place.</summary>
public readonly ref struct RangeRequestView
{
    public ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> RangeEnd { get; init; }

    public long Limit { get; init; }

    public long Revision { get; init; }

    public SortOrder Order { get; init; }

    public SortTarget Target { get; init; }

    public bool IsSerializable { get; init; }

    public bool KeysOnly { get; init; }

    public bool CountOnly { get; init; }

    public long MinModRevision { get; init; }

    public long MaxModRevision { get; init; }

    public long MinCreateRevision { get; init; }

    public long MaxCreateRevision { get; init; }

    public KeyRange Range => new(Key, RangeEnd);

    public bool HasFilter => (MinModRevision | MaxModRevision | MinCreateRevision | MaxCreateRevision) != 0;

    /// <summary>Whether the answer is in another order than the keys'. A target other than the key without an order
    /// means ascending.</summary>
    public bool IsSorted => Target != SortTarget.Key || Order == SortOrder.Descend;

    public static bool TryRead(ReadOnlySpan<byte> message, out RangeRequestView request)
    {
        ReadOnlySpan<byte> key = default;
        ReadOnlySpan<byte> rangeEnd = default;
        Span<long> numbers = stackalloc long[FieldsMax + 1];
        numbers.Clear();
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
                case <= FieldsMax:
                    numbers[reader.Field] = reader.Int64();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        request = new RangeRequestView
        {
            Key = key,
            RangeEnd = rangeEnd,
            Limit = numbers[3],
            Revision = numbers[4],
            Order = (SortOrder)unchecked((int)numbers[5]),
            Target = (SortTarget)unchecked((int)numbers[6]),
            IsSerializable = numbers[7] != 0,
            KeysOnly = numbers[8] != 0,
            CountOnly = numbers[9] != 0,
            MinModRevision = numbers[10],
            MaxModRevision = numbers[11],
            MinCreateRevision = numbers[12],
            MaxCreateRevision = numbers[13],
        };
        return !reader.IsMalformed;
    }

    private const int FieldsMax = 13;
}
