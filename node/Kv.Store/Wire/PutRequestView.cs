namespace Kv.Store;

/// <summary>An encoded <c>PutRequest</c>, read in place.</summary>
public readonly ref struct PutRequestView
{
    public ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }

    public long Lease { get; init; }

    public bool WantsPrevious { get; init; }

    public bool KeepsValue { get; init; }

    public bool KeepsLease { get; init; }

    public static bool TryRead(ReadOnlySpan<byte> message, out PutRequestView request)
    {
        ReadOnlySpan<byte> key = default;
        ReadOnlySpan<byte> value = default;
        long lease = 0;
        bool wantsPrevious = false;
        bool keepsValue = false;
        bool keepsLease = false;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    key = reader.Span();
                    break;
                case 2:
                    value = reader.Span();
                    break;
                case 3:
                    lease = reader.Int64();
                    break;
                case 4:
                    wantsPrevious = reader.Boolean();
                    break;
                case 5:
                    keepsValue = reader.Boolean();
                    break;
                case 6:
                    keepsLease = reader.Boolean();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        request = new PutRequestView
        {
            Key = key,
            Value = value,
            Lease = lease,
            WantsPrevious = wantsPrevious,
            KeepsValue = keepsValue,
            KeepsLease = keepsLease,
        };
        return !reader.IsMalformed;
    }
}
