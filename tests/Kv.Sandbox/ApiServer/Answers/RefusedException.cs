using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Types;

namespace Kv.Sandbox.ApiServer.Answers;

/// <summary>A request is answered with a Status of failure.</summary>
internal sealed class RefusedException(int code, string reason, string message, JsonObject? details = null)
    : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    /// <summary>Seconds after which to try again; zero for no advice.</summary>
    public int RetryAfterSeconds { get; private init; }

    public JsonObject ToStatus()
    {
        JsonObject status = new()
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = Reason,
        };
        if (details is not null)
            status["details"] = details.DeepClone();
        status["code"] = Code;
        return status;
    }

    public static RefusedException NotFound(ResourceType type, string name) => new(
        404, "NotFound", $"{type.QualifiedPlural} \"{name}\" not found", DetailsOf(type, name));

    public static RefusedException NoSuchPath() =>
        new(404, "NotFound", "the server could not find the requested resource", []);

    public static RefusedException AlreadyExists(ResourceType type, string name) => new(
        409, "AlreadyExists", $"{type.QualifiedPlural} \"{name}\" already exists", DetailsOf(type, name));

    public static RefusedException Conflict(ResourceType type, string name, string why) => new(
        409, "Conflict", $"Operation cannot be fulfilled on {type.QualifiedPlural} \"{name}\": {why}",
        DetailsOf(type, name));

    public static RefusedException Changed(ResourceType type, string name) => Conflict(
        type, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static RefusedException BadRequest(string message) => new(400, "BadRequest", message);

    public static RefusedException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static RefusedException Expired(string message) => new(410, "Expired", message);

    public static RefusedException MethodNotAllowed() => new(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static RefusedException UnsupportedMedia(string message) => new(415, "UnsupportedMediaType", message);

    public static RefusedException Forbidden(string message, JsonObject? details = null) =>
        new(403, "Forbidden", message, details);

    public static RefusedException TooMany(string message, JsonObject details) =>
        new(429, "TooManyRequests", message, details) { RetryAfterSeconds = 10 };

    /// <summary>An object that breaks rules; every broken one becomes a cause.</summary>
    public static RefusedException Invalid(ResourceType type, string name, IReadOnlyList<FieldFault> faults)
    {
        string kind = type.Group.Length == 0 ? type.Kind : $"{type.Kind}.{type.Group}";
        string all = string.Join(", ", faults);
        JsonObject details = DetailsOf(type, name);
        details["kind"] = type.Kind;
        details["causes"] = new JsonArray([.. faults.Select(fault => fault.ToCause())]);
        return new RefusedException(
            422, "Invalid", $"{kind} \"{name}\" is invalid: {(faults.Count == 1 ? all : $"[{all}]")}", details);
    }

    public static JsonObject DetailsOf(ResourceType type, string name)
    {
        JsonObject details = [];
        if (name.Length > 0)
            details["name"] = name;
        if (type.Group.Length > 0)
            details["group"] = type.Group;
        details["kind"] = type.Plural;
        return details;
    }
}
