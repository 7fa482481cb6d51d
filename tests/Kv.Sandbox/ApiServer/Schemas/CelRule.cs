using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Cel;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Schemas;

/// <summary>A rule of x-kubernetes-validations. One that cannot be evaluated here has no <see cref="_node"/>, and is
/// refused with the definition that it stands in.</summary>
internal sealed class CelRule
{
    private readonly CelNode? _node;
    private readonly CelNode? _messageNode;
    private readonly string? _fault;
    private readonly string _message;
    private readonly string _reason;
    private readonly string _fieldPath;

    private CelRule(JsonObject source)
    {
        Expression = source.Text("rule") ?? "";
        _message = source.Text("message") ?? "";
        _reason = source.Text("reason") ?? "FieldValueInvalid";
        _fieldPath = source.Text("fieldPath") ?? "";
        try
        {
            _node = Expression.Length == 0 ? null : CelParser.Parse(Expression);
            if (source.Text("messageExpression") is { Length: > 0 } messageExpression)
                _messageNode = CelParser.Parse(messageExpression);
        }
        catch (CelException fault)
        {
            _fault = fault.Message;
        }

        IsTransition = _node is not null && CelChecker.Mentions(_node, "oldSelf");
    }

    public string Expression { get; }

    /// <summary>Whether it compares with what was there before, and so says nothing about what is new.</summary>
    public bool IsTransition { get; }

    public static CelRule Read(JsonObject source) => new(source);

    /// <summary>Why it cannot be evaluated for what a schema describes; null if it can.</summary>
    public string? FindFault(Schema schema)
    {
        if (_fault is not null)
            return _fault;
        foreach (CelNode node in new[] { _node, _messageNode }.OfType<CelNode>())
        {
            if (CelChecker.FindFault(node, schema) is { } fault)
                return fault;
        }

        return null;
    }

    /// <summary>Judges a value; null if it is right.</summary>
    public FieldFault? Judge(string path, JsonNode? value, JsonNode? old)
    {
        if (_node is null || (IsTransition && old is null))
            return null;
        List<KeyValuePair<string, object?>> variables = [KeyValuePair.Create("self", CelValues.From(value))];
        if (old is not null)
            variables.Add(KeyValuePair.Create("oldSelf", CelValues.From(old)));
        string field = path + _fieldPath;
        try
        {
            return CelEvaluator.Evaluate(_node, variables) is true
                ? null
                : ToFault(field, value, MessageFor(variables));
        }
        catch (CelException fault)
        {
            return ToFault(field, value, $"rule evaluation error: {fault.Message}: {Expression}");
        }
    }

    private FieldFault ToFault(string field, JsonNode? value, string message)
    {
        string shown = value switch
        {
            JsonObject => "\"object\"",
            JsonArray => "\"array\"",
            _ => value?.ToJsonString(JsonText.Plain) ?? "null",
        };
        return _reason switch
        {
            "FieldValueRequired" => FieldFault.Required(field, message),
            "FieldValueForbidden" => FieldFault.Forbidden(field, message),
            "FieldValueDuplicate" => FieldFault.Duplicate(field, value?.DeepClone()),
            _ => new FieldFault(field, "FieldValueInvalid", $"Invalid value: {shown}: {message}"),
        };
    }

    private string MessageFor(List<KeyValuePair<string, object?>> variables)
    {
        if (_messageNode is not null)
        {
            try
            {
                if (CelEvaluator.Evaluate(_messageNode, variables) is string { Length: > 0 } text)
                    return text;
            }
            catch (CelException)
            {
                // The fixed message has to do.
            }
        }

        return _message.Length > 0 ? _message : $"failed rule: {Expression}";
    }
}
