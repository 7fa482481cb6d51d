using System.Globalization;
using System.Text;
using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage;

namespace Kv.Store;

/// <summary>Applies the requests that concern the cluster itself: alarms, versions, what members say of
/// themselves.</summary>
internal sealed class ClusterApplier(MemberBook members, AlarmBook alarms)
{
    private const string MembersPath = "/0/members/";
    private const string AttributesName = "attributes";
    private const string VersionPath = "/0/version";

    /// <summary>False if the request is of another kind.</summary>
    public bool TryApply(ulong index, InternalRaftRequest request, out KvError error)
    {
        error = KvError.None;
        if (request.ClusterVersionSet is { } version)
            SetVersion(index, version.Ver);
        else if (request.ClusterMemberAttrSet is { } said)
            members.SetAttributes(said.MemberID, said.MemberAttributes.Name, [.. said.MemberAttributes.ClientUrls]);
        else if (request.DowngradeInfoSet is { } downgrade)
            members.SetDowngrade(downgrade.Enabled ? RequireVersion(index, downgrade.Ver) : null);
        else
            return false;
        return true;
    }

    public KvError ApplyAlarm(AlarmRequest request, out IMessage? answer)
    {
        var response = new AlarmResponse();
        answer = response;
        switch (request.Action)
        {
            case AlarmRequest.Types.AlarmAction.Get:
                response.Alarms.AddRange(alarms.Raised(request.Alarm));
                break;
            case AlarmRequest.Types.AlarmAction.Activate when request.Alarm != AlarmType.None:
                response.Alarms.Add(alarms.Activate(request.MemberID, request.Alarm));
                break;
            case AlarmRequest.Types.AlarmAction.Deactivate:
                if (alarms.Deactivate(request.MemberID, request.Alarm) is { } ended)
                    response.Alarms.Add(ended);
                break;
            default:
                break;
        }

        return KvError.None;
    }

    /// <summary>A request of etcd 3.5 or older to its v2 store, which then held the members. Those that concern
    /// something else have no meaning any more and change nothing, as in etcd.</summary>
    /// <exception cref="CorruptDataException">It is no request at all.</exception>
    public KvError ApplyV2(ulong index, ReadOnlySpan<byte> entry)
    {
        try
        {
            Apply(index, TryUnwrap(entry) ?? Request.Parser.ParseFrom(entry));
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or JsonException)
        {
            throw DamagedEntry.Of(index, $"it holds no request: {fault.Message}");
        }

        return KvError.None;
    }

    private static Request? TryUnwrap(ReadOnlySpan<byte> entry)
    {
        try
        {
            return InternalRaftRequest.Parser.ParseFrom(entry).V2;
        }
        catch (InvalidProtocolBufferException)
        {
            return null; // bare
        }
    }

    private static string RequireVersion(ulong index, string version) =>
        MemberRows.IsVersion(version) ? version : throw DamagedEntry.Of(index, $"\"{version}\" is no version");

    private void SetVersion(ulong index, string version) => members.SetVersion(RequireVersion(index, version));

    private void Apply(ulong index, Request request)
    {
        if (request.Method != "PUT")
            return;
        if (request.Path == VersionPath)
        {
            SetVersion(index, request.Val);
            return;
        }

        string[] parts = request.Path.StartsWith(MembersPath, StringComparison.Ordinal)
            ? request.Path[MembersPath.Length..].Split('/')
            : [];
        if (parts is [var text, AttributesName]
            && ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong id))
        {
            ClusterMember said = MemberJson.Decode(Encoding.UTF8.GetBytes(request.Val), out bool _);
            members.SetAttributes(id, said.Name, said.ClientUrls);
        }
    }
}
