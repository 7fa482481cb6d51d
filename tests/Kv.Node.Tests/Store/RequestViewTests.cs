using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

/// <summary>The readers in place against the generated ones.</summary>
public sealed class RequestViewTests
{
    [Theory]
    [Seeds(50)]
    public void Read_what_was_written(int seed)
    {
        var random = new Random(seed);
        var put = new PutRequest
        {
            Key = Bytes(random),
            Value = Bytes(random),
            Lease = Number(random),
            PrevKv = random.Next(2) == 0,
            IgnoreValue = random.Next(2) == 0,
            IgnoreLease = random.Next(2) == 0,
        };
        Assert.True(PutRequestView.TryRead(put.ToByteArray(), out PutRequestView putView));
        Assert.Equal(put, new PutRequest
        {
            Key = ByteString.CopyFrom(putView.Key),
            Value = ByteString.CopyFrom(putView.Value),
            Lease = putView.Lease,
            PrevKv = putView.WantsPrevious,
            IgnoreValue = putView.KeepsValue,
            IgnoreLease = putView.KeepsLease,
        });

        RangeRequest range = RandomRange(random);
        Assert.True(RangeRequestView.TryRead(range.ToByteArray(), out RangeRequestView rangeView));
        Assert.Equal(range, Again(rangeView));

        Compare compare = RandomCompare(random);
        Assert.True(CompareView.TryRead(compare.ToByteArray(), out CompareView compareView));
        Assert.Equal((int)compare.Result, (int)compareView.Result);
        Assert.Equal((int)compare.Target, (int)compareView.Target);
        Assert.Equal(compare.Key.Span, compareView.Key);
        Assert.Equal(compare.RangeEnd.Span, compareView.RangeEnd);
        bool isOfKind = (int)compare.TargetUnionCase == (int)compare.Target + 4;
        Assert.Equal(isOfKind ? compare.Value.Span : [], compareView.Value);
        Assert.Equal(isOfKind ? compare.Version + compare.Lease + compare.ModRevision + compare.CreateRevision : 0,
            compareView.Number);
    }

    [Theory]
    [Seeds(50)]
    public void Pass_over_what_they_do_not_know(int seed)
    {
        var random = new Random(seed);
        byte[] known = Some.Put("key", "value", lease: 7).ToByteArray();
        byte[] unknown = random.Next(4) switch
        {
            0 => [0x78, 0xFF, 0x01], // field 15, a number
            1 => [0x7A, 0x02, 1, 2], // bytes
            2 => [0x79, 1, 2, 3, 4, 5, 6, 7, 8], // 64 bits
            _ => [0x7B, 0x08, 0x01, 0x13, 0x14, 0x7C], // a group with a group in it
        };
        byte[] message = random.Next(2) == 0 ? [.. known, .. unknown] : [.. unknown, .. known];
        Assert.True(PutRequestView.TryRead(message, out PutRequestView view));
        Assert.Equal("key"u8, view.Key);
        Assert.Equal("value"u8, view.Value);
        Assert.Equal(7, view.Lease);
    }

    /// <summary>Bytes from strangers are refused or read, whatever they are; and what the generated readers refuse is
    /// refused here too.</summary>
    [Theory]
    [Seeds(300)]
    public void Are_never_surprised(int seed)
    {
        var random = new Random(seed);
        TxnRequest txn = Some.Txn(["+a", "-a b", "=a", "(+c,+d|+e)"]);
        txn.Failure.Add(Some.Op(Some.Txn([Some.Op(txn.Clone())])));
        byte[] message = txn.ToByteArray();
        for (int damage = random.Next(1, 4); damage > 0; damage--)
            message[random.Next(message.Length)] = (byte)random.Next(256);
        if (random.Next(3) == 0)
            message = message[..random.Next(message.Length)];

        KvError error = RequestChecks.Txn(message, operationsMax: 128);
        if (!IsParsable(message))
            Assert.NotEqual(KvError.None, error);
        QuotaCost.Txn(message);
    }

    /// <summary>Field 0, a number of 33 bits, one of 64, one without an end, one of eleven bytes.</summary>
    [Theory]
    [InlineData("0000")]
    [InlineData("808080801000")]
    [InlineData("ffffffffffffffffff0100")]
    [InlineData("ff")]
    [InlineData("8080808080808080808000")]
    public void Refuse_what_can_be_no_field(string field)
    {
        byte[] message = [.. Some.Put("key").ToByteArray(), .. Convert.FromHexString(field)];
        Assert.Equal(KvError.Malformed, RequestChecks.Put(message));
        Assert.Equal(KvError.Malformed, RequestChecks.DeleteRange(message));
        Assert.Equal(KvError.Malformed, RequestChecks.Txn(message, operationsMax: 1));
        Assert.False(LoggedRequest.TryParse(message, out _));
    }

    private static bool IsParsable(byte[] message)
    {
        try
        {
            TxnRequest.Parser.ParseFrom(message);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private static RangeRequest RandomRange(Random random) => new()
    {
        Key = Bytes(random),
        RangeEnd = Bytes(random),
        Limit = Number(random),
        Revision = Number(random),
        SortOrder = (RangeRequest.Types.SortOrder)random.Next(3),
        SortTarget = (RangeRequest.Types.SortTarget)random.Next(5),
        Serializable = random.Next(2) == 0,
        KeysOnly = random.Next(2) == 0,
        CountOnly = random.Next(2) == 0,
        MinModRevision = Number(random),
        MaxModRevision = Number(random),
        MinCreateRevision = Number(random),
        MaxCreateRevision = Number(random),
    };

    private static RangeRequest Again(RangeRequestView view) => new()
    {
        Key = ByteString.CopyFrom(view.Key),
        RangeEnd = ByteString.CopyFrom(view.RangeEnd),
        Limit = view.Limit,
        Revision = view.Revision,
        SortOrder = (RangeRequest.Types.SortOrder)view.Order,
        SortTarget = (RangeRequest.Types.SortTarget)view.Target,
        Serializable = view.IsSerializable,
        KeysOnly = view.KeysOnly,
        CountOnly = view.CountOnly,
        MinModRevision = view.MinModRevision,
        MaxModRevision = view.MaxModRevision,
        MinCreateRevision = view.MinCreateRevision,
        MaxCreateRevision = view.MaxCreateRevision,
    };

    private static Compare RandomCompare(Random random)
    {
        var compare = new Compare
        {
            Result = (Compare.Types.CompareResult)random.Next(4),
            Target = (Compare.Types.CompareTarget)random.Next(5),
            Key = Bytes(random),
            RangeEnd = Bytes(random),
        };
        switch (random.Next(6))
        {
            case 0:
                compare.Version = Number(random);
                break;
            case 1:
                compare.CreateRevision = Number(random);
                break;
            case 2:
                compare.ModRevision = Number(random);
                break;
            case 3:
                compare.Value = Bytes(random);
                break;
            case 4:
                compare.Lease = Number(random);
                break;
        }

        return compare;
    }

    private static ByteString Bytes(Random random)
    {
        byte[] bytes = new byte[random.Next(4) == 0 ? random.Next(300) : random.Next(5)];
        random.NextBytes(bytes);
        return ByteString.CopyFrom(bytes);
    }

    private static long Number(Random random) => random.Next(4) switch
    {
        0 => 0,
        1 => random.Next(200),
        2 => random.NextInt64(),
        _ => -random.NextInt64(),
    };
}
