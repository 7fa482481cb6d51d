using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;

namespace Kv.Testing.Linearizability;

/// <summary>Requests of a history as etcd's messages, and etcd's answers as answers of a history.</summary>
public static class EtcdMessages
{
    public static PutRequest ToMessage(Step.Put put) =>
        new() { Key = Bytes(put.Key), Value = Bytes(put.Value), Lease = put.Lease };

    public static DeleteRangeRequest ToMessage(Step.Delete delete) => new() { Key = Bytes(delete.Key) };

    public static RangeRequest ToMessage(Step.Get get, bool isSerializable = false) =>
        new() { Key = Bytes(get.Key), Revision = get.At, Serializable = isSerializable };

    /// <summary>All keys of a range, which the request reads.</summary>
    public static RangeRequest ToRange(Request request, bool isSerializable)
    {
        var keys = request.Then.Select(static step => ((Step.Get)step).Key).ToList();
        return new RangeRequest { Key = Bytes(keys[0]), RangeEnd = After(keys[^1]), Serializable = isSerializable };
    }

    /// <summary>All keys of a range, which the request deletes.</summary>
    public static DeleteRangeRequest ToDeleteRange(Request request)
    {
        var keys = request.Then.Select(static step => ((Step.Delete)step).Key).ToList();
        return new DeleteRangeRequest { Key = Bytes(keys[0]), RangeEnd = After(keys[^1]), PrevKv = true };
    }

    /// <summary>The answer to a range, step by step.</summary>
    public static Answer ToAnswer(Request request, RangeResponse response)
    {
        var found = response.Kvs.ToDictionary(static kv => kv.Key.ToStringUtf8(), ToStored, StringComparer.Ordinal);
        return new Answer(
            response.Header.Revision,
            Succeeded: true,
            [
                .. request.Then.Select(step => new StepAnswer(
                    found.TryGetValue(((Step.Get)step).Key, out StoredValue stored) ? stored : null)),
            ]);
    }

    /// <summary>The answer to the deletion of a range, step by step.</summary>
    public static Answer ToAnswer(Request request, DeleteRangeResponse response)
    {
        var deleted = response.PrevKvs.Select(static kv => kv.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal);
        return new Answer(
            response.Header.Revision,
            Succeeded: true,
            [
                .. request.Then.Select(step => new StepAnswer(
                    Deleted: deleted.Contains(((Step.Delete)step).Key) ? 1 : 0)),
            ]);
    }

    public static TxnRequest ToMessage(Request request)
    {
        var txn = new TxnRequest();
        txn.Compare.AddRange(request.If.Select(ToMessage));
        txn.Success.AddRange(request.Then.Select(ToOperation));
        txn.Failure.AddRange(request.Else.Select(ToOperation));
        return txn;
    }

    public static Answer ToAnswer(PutResponse response) => Answer.OfPut(response.Header.Revision);

    public static Answer ToAnswer(DeleteRangeResponse response) =>
        Answer.OfDelete(response.Header.Revision, (int)response.Deleted);

    public static Answer ToAnswer(RangeResponse response) =>
        Answer.OfGet(response.Header.Revision, FoundIn(response));

    public static Answer ToAnswer(TxnResponse response) =>
        new(response.Header.Revision, response.Succeeded, [.. response.Responses.Select(ToStepAnswer)]);

    public static ObservedChange ToChange(Event change)
    {
        bool isPut = change.Type == Event.Types.EventType.Put;
        return new ObservedChange(change.Kv.Key.ToStringUtf8(), isPut ? ToStored(change.Kv) : null);
    }

    public static StoredValue ToStored(KeyValue found) => new(
        found.Value.ToStringUtf8(), found.CreateRevision, found.ModRevision, found.Version, found.Lease);

    private static Compare ToMessage(Condition condition)
    {
        var compare = new Compare { Key = Bytes(condition.Key), Result = Compare.Types.CompareResult.Equal };
        switch (condition.Target)
        {
            case ConditionTarget.Version:
                compare.Target = Compare.Types.CompareTarget.Version;
                compare.Version = condition.Number;
                break;
            case ConditionTarget.Created:
                compare.Target = Compare.Types.CompareTarget.Create;
                compare.CreateRevision = condition.Number;
                break;
            case ConditionTarget.Modified:
                compare.Target = Compare.Types.CompareTarget.Mod;
                compare.ModRevision = condition.Number;
                break;
            default:
                compare.Target = Compare.Types.CompareTarget.Value;
                compare.Value = Bytes(condition.Value);
                break;
        }

        return compare;
    }

    private static RequestOp ToOperation(Step step) => step switch
    {
        Step.Put put => new RequestOp { RequestPut = ToMessage(put) },
        Step.Delete delete => new RequestOp { RequestDeleteRange = ToMessage(delete) },
        Step.Get get => new RequestOp { RequestRange = ToMessage(get) },
        _ => throw new ArgumentException($"no step of a transaction: {step}", nameof(step)),
    };

    private static StepAnswer ToStepAnswer(ResponseOp response) => response.ResponseCase switch
    {
        ResponseOp.ResponseOneofCase.ResponseRange => new StepAnswer(FoundIn(response.ResponseRange)),
        ResponseOp.ResponseOneofCase.ResponseDeleteRange =>
            new StepAnswer(Deleted: (int)response.ResponseDeleteRange.Deleted),
        _ => default,
    };

    private static StoredValue? FoundIn(RangeResponse response) =>
        response.Kvs.Count > 0 ? ToStored(response.Kvs[0]) : null;

    private static ByteString After(string key) => Bytes(key + "\0");

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);
}
