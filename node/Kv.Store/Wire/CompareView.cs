namespace Kv.Store;

/// <summary>An encoded <c>Compare</c>, read in place. What it compares with counts only if it is of the kind that the
/// target asks for; else it is 0, or empty.</summary>
public readonly ref struct CompareView
{
    private const int FirstOperandField = 4;
    private const int ValueField = 7;
    private const int LastOperandField = 8;
    private const int RangeEndField = 64;

    public CompareResult Result { get; init; }

    public CompareTarget Target { get; init; }

    public ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> RangeEnd { get; init; }

    public long Number { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }

    public KeyRange Range => new(Key, RangeEnd);

    public static bool TryRead(ReadOnlySpan<byte> message, out CompareView compare)
    {
        int result = 0;
        int target = 0;
        int operand = 0;
        long number = 0;
        ReadOnlySpan<byte> key = default;
        ReadOnlySpan<byte> rangeEnd = default;
        ReadOnlySpan<byte> value = default;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    result = reader.Int32();
                    break;
                case 2:
                    target = reader.Int32();
                    break;
                case 3:
                    key = reader.Span();
                    break;
                case ValueField:
                    operand = ValueField;
                    value = reader.Span();
                    break;
                case >= FirstOperandField and <= LastOperandField:
                    operand = reader.Field;
                    number = reader.Int64();
                    break;
                case RangeEndField:
                    rangeEnd = reader.Span();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        bool isOfKind = operand - FirstOperandField == target;
        compare = new CompareView
        {
            Result = (CompareResult)result,
            Target = (CompareTarget)target,
            Key = key,
            RangeEnd = rangeEnd,
            Number = isOfKind && operand != ValueField ? number : 0,
            Value = isOfKind && operand == ValueField ? value : default,
        };
        return !reader.IsMalformed;
    }
}
