namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>Reads an expression by recursive descent, loosest operators first.</summary>
internal sealed class CelParser
{
    private const int DepthMax = 100;

    private static readonly string[] Walks = ["all", "exists", "exists_one", "map", "filter"];

    private static readonly string[][] Levels = [["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "in"],
        ["+", "-"], ["*", "/", "%"]];

    private readonly List<CelToken> _tokens;
    private int _at;
    private int _depth;

    private CelParser(string text) => _tokens = new CelLexer(text).ReadAll();

    private CelToken Now => _tokens[_at];

    /// <exception cref="CelException">It is no CEL, or a part of CEL that is not known here.</exception>
    public static CelNode Parse(string text)
    {
        var parser = new CelParser(text);
        CelNode node = parser.Expression();
        if (parser.Now.Kind != CelTokenKind.End)
            throw new CelException($"unexpected '{parser.Now.Text}'");
        return node;
    }

    private CelNode Expression()
    {
        if (++_depth > DepthMax)
            throw new CelException("the expression is nested too deeply");
        CelNode node = Level(0);
        if (Take("?"))
        {
            CelNode then = Level(0);
            Expect(":");
            node = new CelNode.Conditional(node, then, Expression());
        }

        _depth--;
        return node;
    }

    private CelNode Level(int level)
    {
        if (level == Levels.Length)
            return Unary();
        CelNode left = Level(level + 1);
        while (Now.Kind == CelTokenKind.Symbol && Levels[level].Contains(Now.Text))
        {
            string symbol = _tokens[_at++].Text;
            left = new CelNode.Binary(symbol, left, Level(level + 1));
        }

        return left;
    }

    private CelNode Unary()
    {
        if (Take("!"))
            return new CelNode.Unary("!", Unary());
        return Take("-") ? new CelNode.Unary("-", Unary()) : Member();
    }

    private CelNode Member()
    {
        CelNode node = Primary();
        while (true)
        {
            if (Take("."))
            {
                string name = Identifier();
                node = Take("(")
                    ? ToMacroOrCall(node, name, Arguments(")"))
                    : new CelNode.Select(node, CelNames.Unescape(name), IsTest: false);
            }
            else if (Take("["))
            {
                node = new CelNode.Index(node, Expression());
                Expect("]");
            }
            else
            {
                return node;
            }
        }
    }

    private CelNode Primary()
    {
        CelToken token = _tokens[_at];
        if (token.Kind == CelTokenKind.Literal)
        {
            _at++;
            return new CelNode.Literal(token.Value);
        }

        if (Take("("))
        {
            CelNode inner = Expression();
            Expect(")");
            return inner;
        }

        if (Take("["))
            return new CelNode.ListOf(Arguments("]"));
        if (Take("{"))
            return new CelNode.MapOf(Entries());
        string name = Identifier();
        if (!Take("("))
            return new CelNode.Variable(name);
        IReadOnlyList<CelNode> arguments = Arguments(")");
        if (name != "has")
            return new CelNode.Call(Target: null, name, arguments);
        return arguments is [CelNode.Select select]
            ? select with { IsTest = true }
            : throw new CelException("has() wants the selection of a field");
    }

    private static CelNode ToMacroOrCall(CelNode target, string name, List<CelNode> arguments)
    {
        if (!Walks.Contains(name) || arguments.Count < 2)
            return new CelNode.Call(target, name, arguments);
        if (arguments[0] is not CelNode.Variable variable || arguments.Count > (name == "map" ? 3 : 2))
            throw new CelException($"{name}() wants a variable and an expression");
        return new CelNode.Walk(
            target, name, variable.Name, arguments[1], arguments.Count == 3 ? arguments[2] : null);
    }

    private List<CelNode> Arguments(string end)
    {
        List<CelNode> arguments = [];
        while (!Take(end))
        {
            arguments.Add(Expression());
            if (!Take(","))
            {
                Expect(end);
                break;
            }
        }

        return arguments;
    }

    private List<(CelNode Key, CelNode Value)> Entries()
    {
        List<(CelNode, CelNode)> entries = [];
        while (!Take("}"))
        {
            CelNode key = Expression();
            Expect(":");
            entries.Add((key, Expression()));
            if (!Take(","))
            {
                Expect("}");
                break;
            }
        }

        return entries;
    }

    private string Identifier() => Now.Kind == CelTokenKind.Identifier
        ? _tokens[_at++].Text
        : throw new CelException(Now.Kind == CelTokenKind.End ? "unexpected end" : $"unexpected '{Now.Text}'");

    private bool Take(string symbol)
    {
        if (Now.Kind != CelTokenKind.Symbol || Now.Text != symbol)
            return false;
        _at++;
        return true;
    }

    private void Expect(string symbol)
    {
        if (!Take(symbol))
            throw new CelException($"'{symbol}' is missing before '{Now.Text}'");
    }
}
