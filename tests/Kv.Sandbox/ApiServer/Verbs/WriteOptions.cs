using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Types;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>How a write is meant.</summary>
/// <param name="FieldValidation">Strict, Warn or Ignore.</param>
/// <param name="Warn">Tells the client something without refusing.</param>
internal sealed record WriteOptions(
    string Manager, string Subresource, bool IsDryRun, string FieldValidation, bool IsForced, Action<string> Warn)
{
    /// <summary>Whether it is a server-side apply, which says itself who manages what.</summary>
    public bool IsApply { get; init; }

    /// <exception cref="RefusedException">An option has a value that it cannot have.</exception>
    public static WriteOptions Of(ApiCall call)
    {
        string dryRun = call.Query("dryRun");
        if (dryRun is not ("" or "All"))
            throw RefusedException.BadRequest($"dryRun: Unsupported value: \"{dryRun}\": supported values: \"All\"");
        string validation = call.Query("fieldValidation") is { Length: > 0 } given ? given : "Warn";
        if (validation is not ("Strict" or "Warn" or "Ignore"))
        {
            throw RefusedException.BadRequest(
                $"fieldValidation: Unsupported value: \"{validation}\": "
                + "supported values: \"Ignore\", \"Strict\", \"Warn\"");
        }

        string manager = call.Query("fieldManager");
        if (manager.Length == 0)
            manager = call.Http.Request.Headers.UserAgent.ToString().Split('/', ' ')[0];
        return new WriteOptions(
            manager.Length == 0 ? "unknown" : manager,
            call.Subresource == "status" ? "status" : "",
            dryRun == "All",
            validation,
            call.IsSet("force"),
            call.Warn);
    }

    /// <summary>For writes of the server itself.</summary>
    public static WriteOptions Internal(string manager) => new(
        manager, Subresource: "", IsDryRun: false, FieldValidation: "Ignore", IsForced: true, Warn: _ => { });

    public ManagedFields.Writer WriterOf(ResourceType type) =>
        new(Manager, Subresource, type.ApiVersion, ManagedFields.Writer.Now);
}
