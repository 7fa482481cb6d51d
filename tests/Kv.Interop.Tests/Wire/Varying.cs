using Etcdserverpb;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Kv.Interop.Tests.Wire;

/// <summary>Takes out of an answer what the README of the recordings lists as varying from run to run.</summary>
public static class Varying
{
    private const long TtlSlackSeconds = 10;

    // Those that the recorded clients name are below. A server's are random numbers of 63 bits.
    private const long ClientsLeaseMax = 1_000_000_000_000;

    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "raft_term", "raftTerm", "raftIndex", "raftAppliedIndex", "dbSize", "dbSizeInUse", "token",
    };

    /// <summary>Makes two answers comparable by <see cref="object.Equals(object?)"/>.</summary>
    public static void Settle(IMessage expected, IMessage actual, bool hashVaries)
    {
        if (expected is LeaseTimeToLiveResponse recorded && actual is LeaseTimeToLiveResponse found)
            SettleTtl(recorded, found);
        Clear(expected, hashVaries);
        Clear(actual, hashVaries);
    }

    private static void Clear(IMessage message, bool hashVaries)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (Names.Contains(field.Name))
                field.Accessor.Clear(message);
            else if (field.FieldType == FieldType.Message && !field.IsRepeated)
                ClearNested(field.Accessor.GetValue(message), hashVaries);
            else if (field.FieldType == FieldType.Message)
                ClearEach((System.Collections.IEnumerable)field.Accessor.GetValue(message), hashVaries);
        }

        switch (message)
        {
            case HashResponse hash:
                hash.Hash = 0;
                break;
            case HashKVResponse hash when hashVaries:
                hash.Hash = 0;
                break;
            case StatusResponse status:
                Replace(status.Errors, [.. status.Errors.Select(error => error.Trim())]);
                break;
            case LeaseTimeToLiveResponse lease:
                Replace(lease.Keys, [.. lease.Keys.OrderBy(key => key.ToBase64(), StringComparer.Ordinal)]);
                break;
            case LeaseStatus { ID: > ClientsLeaseMax } granted:
                granted.ID = 0;
                break;
            case Member { Name: "" } unstarted:
                unstarted.ID = 0;
                break;
            case MemberListResponse list:
                Sort(list.Members);
                break;
            case MemberAddResponse added:
                Sort(added.Members);
                break;
            case MemberRemoveResponse removed:
                Sort(removed.Members);
                break;
            case MemberUpdateResponse updated:
                Sort(updated.Members);
                break;
            case MemberPromoteResponse promoted:
                Sort(promoted.Members);
                break;
        }
    }

    private static void ClearNested(object? value, bool hashVaries)
    {
        if (value is IMessage message)
            Clear(message, hashVaries);
    }

    private static void ClearEach(System.Collections.IEnumerable values, bool hashVaries)
    {
        foreach (object value in values)
            ClearNested(value, hashVaries);
    }

    // What remains of a lease may be some seconds less.
    private static void SettleTtl(LeaseTimeToLiveResponse expected, LeaseTimeToLiveResponse actual)
    {
        if (expected.TTL > 0 && actual.TTL <= expected.TTL && actual.TTL >= expected.TTL - TtlSlackSeconds)
            actual.TTL = expected.TTL;
    }

    private static void Sort(Google.Protobuf.Collections.RepeatedField<Member> members) =>
        Replace(members, [.. members.OrderBy(member => member.Name, StringComparer.Ordinal)]);

    private static void Replace<T>(Google.Protobuf.Collections.RepeatedField<T> field, T[] values)
    {
        field.Clear();
        field.AddRange(values);
    }
}
