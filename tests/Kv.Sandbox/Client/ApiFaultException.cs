using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Client;

/// <summary>The API server refuses a request.</summary>
/// <param name="status">What it says.</param>
internal sealed class ApiFaultException(int code, JsonObject status)
    : Exception($"{code} {status.Text("reason")}: {status.Text("message")}")
{
    public int Code { get; } = code;

    public JsonObject Status { get; } = status;

    public string Reason => Status.Text("reason") ?? "";
}
