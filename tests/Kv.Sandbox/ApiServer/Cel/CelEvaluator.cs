using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>Finds the value of an expression. Work is counted, so that no rule can hold a request up.</summary>
internal sealed class CelEvaluator
{
    private const int StepsMax = 2_000_000;

    private readonly Dictionary<string, object?> _variables;
    private int _steps;

    private CelEvaluator(Dictionary<string, object?> variables) => _variables = variables;

    /// <exception cref="CelException">It has no value.</exception>
    public static object? Evaluate(CelNode node, IEnumerable<KeyValuePair<string, object?>> variables)
    {
        try
        {
            return new CelEvaluator(new Dictionary<string, object?>(variables, StringComparer.Ordinal)).Value(node);
        }
        catch (Exception fault) when (fault is OverflowException or DivideByZeroException or InvalidCastException)
        {
            throw new CelException(fault is DivideByZeroException ? "divide by zero" : fault.Message);
        }
    }

    private object? Value(CelNode node)
    {
        if (++_steps > StepsMax)
            throw new CelException("the rule costs too much");
        return node switch
        {
            CelNode.Literal literal => literal.Value,
            CelNode.Variable variable => _variables.TryGetValue(variable.Name, out object? value)
                ? value
                : throw new CelException($"undeclared reference to '{variable.Name}'"),
            CelNode.Select select => Select(select),
            CelNode.Index index => Index(Value(index.Target), Value(index.Key)),
            CelNode.Call call => CelFunctions.Call(call.Target is not null, call.Function, Arguments(call)),
            CelNode.Unary unary => Unary(unary),
            CelNode.Binary { Operator: "&&" or "||" } logic => Logic(logic),
            CelNode.Binary binary => CelOperators.Apply(binary.Operator, Value(binary.Left), Value(binary.Right)),
            CelNode.Conditional conditional =>
                Value(ToBool(Value(conditional.Test)) ? conditional.Then : conditional.Otherwise),
            CelNode.ListOf list => list.Items.Select(Value).ToList(),
            CelNode.MapOf map => Map(map),
            CelNode.Walk walk => Walk(walk),
            _ => throw new CelException($"no rule for {node.GetType().Name}"),
        };
    }

    private object?[] Arguments(CelNode.Call call)
    {
        IEnumerable<CelNode> nodes = call.Target is null ? call.Arguments : call.Arguments.Prepend(call.Target);
        return [.. nodes.Select(Value)];
    }

    private object? Select(CelNode.Select select)
    {
        object? target = Value(select.Target);
        if (target is not JsonObject map)
            throw new CelException($"no such overload: {CelValues.TypeOf(target)}.{select.Field}");
        bool isThere = map.TryGetPropertyValue(select.Field, out JsonNode? field) && field is not null;
        if (select.IsTest)
            return isThere;
        return isThere ? CelValues.From(field) : throw new CelException($"no such key: {select.Field}");
    }

    private static object? Index(object? target, object? key) => (target, key) switch
    {
        (JsonObject map, string name) => map.TryGetPropertyValue(name, out JsonNode? field)
            ? CelValues.From(field)
            : throw new CelException($"no such key: {name}"),
        (List<object?> list, long at) => at >= 0 && at < list.Count
            ? list[(int)at]
            : throw new CelException($"index out of bounds: {at}"),
        _ => throw new CelException($"no such overload: {CelValues.TypeOf(target)}[{CelValues.TypeOf(key)}]"),
    };

    private object Unary(CelNode.Unary unary)
    {
        object? operand = Value(unary.Operand);
        return (unary.Operator, operand) switch
        {
            ("!", bool flag) => !flag,
            ("-", long whole) => -whole,
            ("-", double real) => -real,
            _ => throw new CelException($"no such overload: {unary.Operator}{CelValues.TypeOf(operand)}"),
        };
    }

    // An error on one side does not matter if the other decides: so says CEL.
    private bool Logic(CelNode.Binary logic)
    {
        bool deciding = logic.Operator == "||";
        CelException fault;
        try
        {
            if (ToBool(Value(logic.Left)) == deciding)
                return deciding;
            return ToBool(Value(logic.Right));
        }
        catch (CelException left)
        {
            fault = left;
        }

        return ToBool(Value(logic.Right)) == deciding ? deciding : throw fault;
    }

    private JsonObject Map(CelNode.MapOf map)
    {
        JsonObject result = [];
        foreach ((CelNode key, CelNode value) in map.Entries)
            result[CelValues.ToText(Value(key))] = ToJson(Value(value));
        return result;
    }

    private static JsonNode? ToJson(object? value) => value switch
    {
        null => null,
        JsonObject map => map.Copy(),
        List<object?> list => new JsonArray([.. list.Select(ToJson)]),
        bool flag => JsonValue.Create(flag),
        long whole => JsonValue.Create(whole),
        double real => JsonValue.Create(real),
        _ => JsonValue.Create(CelValues.ToText(value)),
    };

    private object? Walk(CelNode.Walk walk)
    {
        IEnumerable<object?> elements = Value(walk.Target) switch
        {
            List<object?> list => list,
            JsonObject map => map.Select(pair => (object?)pair.Key),
            var other => throw new CelException($"no such overload: {CelValues.TypeOf(other)}.{walk.Macro}"),
        };
        bool hadBefore = _variables.TryGetValue(walk.Name, out object? before);
        try
        {
            return Walk(walk, elements);
        }
        finally
        {
            if (hadBefore)
                _variables[walk.Name] = before;
            else
                _variables.Remove(walk.Name);
        }
    }

    private object? Walk(CelNode.Walk walk, IEnumerable<object?> elements)
    {
        return walk.Macro switch
        {
            "all" => !Any(walk, elements, wanted: false),
            "exists" => Any(walk, elements, wanted: true),
            "exists_one" => elements.Count(element => Holds(walk, element)) == 1,
            "filter" => elements.Where(element => Holds(walk, element)).ToList(),
            _ => MapElements(walk, elements),
        };
    }

    private bool Any(CelNode.Walk walk, IEnumerable<object?> elements, bool wanted)
    {
        CelException? fault = null;
        foreach (object? element in elements)
        {
            try
            {
                if (Holds(walk, element) == wanted)
                    return true;
            }
            catch (CelException found)
            {
                fault = found;
            }
        }

        return fault is null ? false : throw fault;
    }

    private List<object?> MapElements(CelNode.Walk walk, IEnumerable<object?> elements)
    {
        List<object?> result = [];
        foreach (object? element in elements)
        {
            _variables[walk.Name] = element;
            if (walk.Second is null)
                result.Add(Value(walk.First));
            else if (ToBool(Value(walk.First)))
                result.Add(Value(walk.Second));
        }

        return result;
    }

    private bool Holds(CelNode.Walk walk, object? element)
    {
        _variables[walk.Name] = element;
        return ToBool(Value(walk.First));
    }

    private static bool ToBool(object? value) => value is bool flag
        ? flag
        : throw new CelException($"no such overload: {CelValues.TypeOf(value)} is no bool");
}
