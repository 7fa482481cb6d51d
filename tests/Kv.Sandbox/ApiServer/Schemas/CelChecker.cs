using Kv.Sandbox.ApiServer.Cel;

namespace Kv.Sandbox.ApiServer.Schemas;

/// <summary>Finds, before any value is there, what would never have one: unknown functions, unknown variables, and
/// fields that the schema does not have.</summary>
internal sealed class CelChecker
{
    private readonly Dictionary<string, Schema?> _scope;
    private string? _fault;

    private CelChecker(Schema self) => _scope = new Dictionary<string, Schema?>(StringComparer.Ordinal)
    {
        ["self"] = self,
        ["oldSelf"] = self,
    };

    public static string? FindFault(CelNode node, Schema self)
    {
        var checker = new CelChecker(self);
        checker.Visit(node);
        return checker._fault;
    }

    public static bool Mentions(CelNode node, string variable) => node switch
    {
        CelNode.Variable found => found.Name == variable,
        _ => Children(node).Any(child => Mentions(child, variable)),
    };

    private static IEnumerable<CelNode> Children(CelNode node) => node switch
    {
        CelNode.Select select => [select.Target],
        CelNode.Index index => [index.Target, index.Key],
        CelNode.Call call => call.Target is null ? call.Arguments : call.Arguments.Prepend(call.Target),
        CelNode.Unary unary => [unary.Operand],
        CelNode.Binary binary => [binary.Left, binary.Right],
        CelNode.Conditional conditional => [conditional.Test, conditional.Then, conditional.Otherwise],
        CelNode.ListOf list => list.Items,
        CelNode.MapOf map => map.Entries.SelectMany(entry => new[] { entry.Key, entry.Value }),
        CelNode.Walk walk => new[] { walk.Target, walk.First, walk.Second }.OfType<CelNode>(),
        _ => [],
    };

    /// <summary>The schema of what an expression stands for; null where it is not known.</summary>
    private Schema? Visit(CelNode node)
    {
        switch (node)
        {
            case CelNode.Variable variable:
                if (!_scope.TryGetValue(variable.Name, out Schema? schema))
                    _fault ??= $"undeclared reference to '{variable.Name}'";
                return schema;
            case CelNode.Select select:
                return Field(Visit(select.Target), select.Field);
            case CelNode.Index index:
                Visit(index.Key);
                return Visit(index.Target) is { } target ? target.Items ?? target.AdditionalProperties : null;
            case CelNode.Call call:
                CheckCall(call);
                return null;
            case CelNode.Walk walk:
                VisitWalk(walk);
                return walk.Macro == "filter" ? Visit(walk.Target) : null;
            default:
                foreach (CelNode child in Children(node))
                    Visit(child);
                return null;
        }
    }

    private Schema? Field(Schema? target, string field)
    {
        if (target is null || target.PreservesUnknown || target.AllowsAnyProperty || target.IsIntOrString)
            return null;
        if (target.Type is "object" or "" && target.Properties.TryGetValue(field, out Schema? known))
            return known;
        if (target.AdditionalProperties is not null)
            return target.AdditionalProperties;

        // The fields that every object has need not stand in its schema.
        if (field is "metadata" or "apiVersion" or "kind")
            return null;
        if (IsMetadata(target))
            return null;
        _fault ??= $"undefined field '{field}'";
        return null;
    }

    private static bool IsMetadata(Schema schema) => schema.Type == "object" && schema.Properties.Count == 0;

    private void CheckCall(CelNode.Call call)
    {
        foreach (CelNode child in Children(call))
            Visit(child);
        bool isKnown = call.Target is null
            ? CelFunctions.Globals.TryGetValue(call.Function, out int count) && call.Arguments.Count == count
            : CelFunctions.Members.TryGetValue(call.Function, out (int Least, int Most) range)
                && call.Arguments.Count >= range.Least && call.Arguments.Count <= range.Most;
        if (!isKnown)
        {
            _fault ??= $"undeclared reference to '{call.Function}' with {call.Arguments.Count} arguments, or a "
                + "function that this server does not know";
        }
        else if (call is { Function: "matches", Arguments: [CelNode.Literal { Value: string pattern }] })
        {
            CheckPattern(pattern);
        }
    }

    private void CheckPattern(string pattern)
    {
        try
        {
            CelFunctions.IsMatch("", pattern);
        }
        catch (CelException fault)
        {
            _fault ??= fault.Message;
        }
    }

    private void VisitWalk(CelNode.Walk walk)
    {
        Schema? target = Visit(walk.Target);
        bool hadBefore = _scope.TryGetValue(walk.Name, out Schema? before);
        _scope[walk.Name] = target?.Items;
        Visit(walk.First);
        if (walk.Second is not null)
            Visit(walk.Second);
        if (hadBefore)
            _scope[walk.Name] = before;
        else
            _scope.Remove(walk.Name);
    }
}
