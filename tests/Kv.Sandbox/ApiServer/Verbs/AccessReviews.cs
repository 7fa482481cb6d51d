using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Answers questions about access: may I, may they, who am I, whose token is this.</summary>
internal sealed class AccessReviews(ServerParts parts)
{
    public async Task<JsonObject> AnswerAsync(ApiCall call, JsonObject review)
    {
        JsonObject answer = review.Copy();
        answer["kind"] = call.Type.Kind;
        answer["apiVersion"] = call.Type.ApiVersion;
        answer.Default("metadata", new JsonObject());
        answer["status"] = call.Type.Kind switch
        {
            "SelfSubjectAccessReview" => await JudgeAsync(call.Who, review, call.Cancelled),
            "SubjectAccessReview" => await JudgeAsync(SubjectOf(review), review, call.Cancelled),
            "SelfSubjectRulesReview" => await ListRulesAsync(call.Who, review, call.Cancelled),
            "TokenReview" => Authenticate(review),
            _ => new JsonObject { ["userInfo"] = ToUser(call.Who) },
        };
        return answer;
    }

    private async Task<JsonObject> JudgeAsync(Identity who, JsonObject review, CancellationToken cancelled)
    {
        JsonNode? resource = review.At("spec", "resourceAttributes");
        JsonNode? path = review.At("spec", "nonResourceAttributes");
        string plural = resource.Text("resource") ?? "";
        if (resource.Text("subresource") is { Length: > 0 } subresource)
            plural += "/" + subresource;
        var question = new AccessQuestion(
            resource.Text("verb") ?? path.Text("verb") ?? "",
            resource.Text("group") ?? "",
            plural,
            resource.Text("namespace") ?? "",
            resource.Text("name") ?? "",
            path.Text("path") ?? "");
        bool isAllowed = await parts.Access.IsAllowedAsync(who, question, cancelled);
        return new JsonObject { ["allowed"] = isAllowed };
    }

    private static Identity SubjectOf(JsonObject review) =>
        new(review.Text("spec", "user") ?? "", [.. review.Texts("spec", "groups")]);

    private async Task<JsonObject> ListRulesAsync(Identity who, JsonObject review, CancellationToken cancelled)
    {
        string space = review.Text("spec", "namespace") ?? "";
        IReadOnlyList<JsonObject> rules = who.IsMaster
            ? [new JsonObject { ["verbs"] = new JsonArray("*"), ["apiGroups"] = new JsonArray("*"),
                ["resources"] = new JsonArray("*") }]
            : await parts.Access.GetRulesAsync(who, space, cancelled);
        return new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. rules.Select(rule => rule.DeepClone())]),
            ["nonResourceRules"] = new JsonArray(),
            ["incomplete"] = false,
        };
    }

    private JsonObject Authenticate(JsonObject review)
    {
        Identity? who = parts.Tokens.Find(review.Text("spec", "token") ?? "");
        return who is null
            ? new JsonObject { ["authenticated"] = false, ["error"] = "the token is not known" }
            : new JsonObject { ["authenticated"] = true, ["user"] = ToUser(who) };
    }

    private static JsonObject ToUser(Identity who) => new()
    {
        ["username"] = who.Name,
        ["groups"] = JsonFields.ToArray(who.Groups),
    };
}
