namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>A parsed expression of CEL.</summary>
internal abstract record CelNode
{
    /// <summary>A value that stands in the text.</summary>
    public sealed record Literal(object? Value) : CelNode;

    public sealed record Variable(string Name) : CelNode;

    /// <summary><c>target.field</c>, or only the question whether it is there: <c>has(target.field)</c>.</summary>
    public sealed record Select(CelNode Target, string Field, bool IsTest) : CelNode;

    public sealed record Index(CelNode Target, CelNode Key) : CelNode;

    /// <summary>A function, of an object or of none.</summary>
    public sealed record Call(CelNode? Target, string Function, IReadOnlyList<CelNode> Arguments) : CelNode;

    public sealed record Unary(string Operator, CelNode Operand) : CelNode;

    public sealed record Binary(string Operator, CelNode Left, CelNode Right) : CelNode;

    public sealed record Conditional(CelNode Test, CelNode Then, CelNode Otherwise) : CelNode;

    public sealed record ListOf(IReadOnlyList<CelNode> Items) : CelNode;

    public sealed record MapOf(IReadOnlyList<(CelNode Key, CelNode Value)> Entries) : CelNode;

    /// <summary>A macro that walks a list or the keys of a map: all, exists, exists_one, map, filter.</summary>
    /// <param name="Second">What map makes of the elements that pass; null for the others.</param>
    public sealed record Walk(CelNode Target, string Macro, string Name, CelNode First, CelNode? Second) : CelNode;
}

/// <summary>An expression cannot be read, or has no value.</summary>
internal sealed class CelException(string message) : Exception(message);
