namespace Kv.Store;

/// <summary>An encoded <c>mvccpb.KeyValue</c>, read in place.</summary>
internal readonly ref struct KeyValueView
{
    public ReadOnlySpan<byte> Key { get; init; }

    public long Created { get; init; }

    public long Modified { get; init; }

    public long Version { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }

    public long Lease { get; init; }

    public static bool TryRead(ReadOnlySpan<byte> message, out KeyValueView keyValue)
    {
        ReadOnlySpan<byte> key = default;
        ReadOnlySpan<byte> value = default;
        long created = 0;
        long modified = 0;
        long version = 0;
        long lease = 0;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    key = reader.Span();
                    break;
                case 2:
                    created = reader.Int64();
                    break;
                case 3:
                    modified = reader.Int64();
                    break;
                case 4:
                    version = reader.Int64();
                    break;
                case 5:
                    value = reader.Span();
                    break;
                case 6:
                    lease = reader.Int64();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        keyValue = new KeyValueView
        {
            Key = key,
            Created = created,
            Modified = modified,
            Version = version,
            Value = value,
            Lease = lease,
        };
        return !reader.IsMalformed;
    }
}
