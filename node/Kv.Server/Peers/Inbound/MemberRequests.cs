using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Grpc;
using Kv.Raft;
using Kv.Server.Http;
using Kv.Store;
using Microsoft.AspNetCore.Http;

namespace Kv.Server.Peers.Inbound;

/// <summary>What members ask each other beside Raft: who is in the cluster, and whether the stores are alike.</summary>
internal sealed class MemberRequests(IPeerMember member, TimeProvider time)
{
    public const string PromotePrefix = "/members/promote/";

    private const string Json = "application/json";
    private const int BodyBytesMax = 64 * 1024;

    public PlainAnswer List(PlainHttpCall call) =>
        HttpMethods.IsGet(call.Method) ? WithCluster(Members(member.Members)) : PlainAnswer.OnlyGet();

    public async ValueTask<PlainAnswer> PromoteAsync(PlainHttpCall call)
    {
        if (!HttpMethods.IsPost(call.Method))
            return PeerSite.OnlyPost();
        string text = call.Path[PromotePrefix.Length..];
        if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id))
        {
            return WithCluster(
                PlainAnswer.Refuse(StatusCodes.Status404NotFound, $"member {text} not found in cluster"));
        }

        string token = call.RequestHeaders.Authorization.ToString();
        PeerAnswer<IReadOnlyList<ClusterMember>> answer =
            await member.PromoteAsync(new NodeId(id), token, call.Cancelled);
        return WithCluster(answer.IsRefused ? Refuse(answer) : Members(answer.Value!));
    }

    public async ValueTask<PlainAnswer> HashAsync(PlainHttpCall call)
    {
        if (!HttpMethods.IsGet(call.Method))
            return PlainAnswer.OnlyGet();
        string cluster = call.RequestHeaders[PeerHeaders.ClusterId].ToString();
        if (cluster.Length > 0 && cluster != PeerHeaders.ToText(member.ClusterId))
            return PlainAnswer.Refuse(StatusCodes.Status412PreconditionFailed, PeerHeaders.ClusterMismatch);
        byte[]? body = await call.ReadBodyAsync(BodyBytesMax);
        if (body is null || !TryReadRevision(body, out long revision))
            return PlainAnswer.Refuse(StatusCodes.Status400BadRequest, "error unmarshalling request");

        PeerAnswer<PeerHash> answer = await member.HashAsync(revision, call.Cancelled);
        return answer.IsRefused
            ? Refuse(answer)
            : WithCluster(PlainAnswer.Of(StatusCodes.Status200OK, Json, ToJson(answer.Value)));
    }

    public async ValueTask<PlainAnswer> IsDowngradeEnabledAsync(PlainHttpCall call)
    {
        if (!HttpMethods.IsGet(call.Method))
            return PlainAnswer.OnlyGet();
        PeerAnswer<bool> answer = await member.IsDowngradeEnabledAsync(call.Cancelled);
        return WithCluster(answer.IsRefused
            ? Refuse(answer)
            : PlainAnswer.Of(StatusCodes.Status200OK, "text/plain", answer.Value ? "true" : "false"));
    }

    public PlainAnswer Version(PlainHttpCall call) =>
        HttpMethods.IsGet(call.Method) ? PlainSite.Version(member.Versions) : PlainAnswer.OnlyGet();

    /// <summary>By any method.</summary>
    public PlainAnswer Probe()
    {
        string now = time.GetUtcNow().UtcDateTime.ToString(
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture);
        return PlainAnswer.Of(StatusCodes.Status200OK, PlainAnswer.Text, $$"""{"OK":true,"Now":"{{now}}"}""" + "\n");
    }

    private static PlainAnswer Members(IReadOnlyList<ClusterMember> members)
    {
        var text = new StringBuilder("[");
        foreach (ClusterMember each in members.OrderBy(each => each.Id))
        {
            if (text.Length > 1)
                text.Append(',');
            text.Append(Encoding.UTF8.GetString(MemberJson.Encode(each)));
        }

        return PlainAnswer.Of(StatusCodes.Status200OK, Json, text.Append("]\n").ToString());
    }

    private static bool TryReadRevision(byte[] body, out long revision)
    {
        revision = 0;
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && (!document.RootElement.TryGetProperty("revision", out JsonElement value)
                    || (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out revision)));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // As Go does, without what is zero.
    private static string ToJson(in PeerHash hash)
    {
        var fields = new JsonObject();
        var header = new JsonObject();
        if (hash.CurrentRevision != 0)
            header.Add("revision", hash.CurrentRevision);
        fields.Add("header", header);
        if (hash.Hash != 0)
            fields.Add("hash", hash.Hash);
        if (hash.CompactRevision != 0)
            fields.Add("compact_revision", hash.CompactRevision);
        if (hash.HashRevision != 0)
            fields.Add("hash_revision", hash.HashRevision);
        return fields.ToJsonString();
    }

    private static PlainAnswer Refuse<T>(in PeerAnswer<T> answer) => PlainAnswer.Refuse(answer.Status, answer.Error);

    private PlainAnswer WithCluster(PlainAnswer answer) =>
        answer.With(PeerHeaders.ClusterId, PeerHeaders.ToText(member.ClusterId));
}
