namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>Names of properties as rules of Kubernetes write them: what CEL reserves or cannot write is escaped
/// between underscores.</summary>
internal static class CelNames
{
    private static readonly (string Escaped, string Plain)[] Escapes =
        [("__underscores__", "__"), ("__dot__", "."), ("__dash__", "-"), ("__slash__", "/")];

    private static readonly string[] Reserved = ["true", "false", "null", "in", "as", "break", "const", "continue",
        "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return"];

    public static string Unescape(string name)
    {
        if (!name.StartsWith("__", StringComparison.Ordinal) && !name.Contains("__", StringComparison.Ordinal))
            return name;
        foreach (string word in Reserved)
        {
            if (name == $"__{word}__")
                return word;
        }

        foreach ((string escaped, string plain) in Escapes)
            name = name.Replace(escaped, plain, StringComparison.Ordinal);
        return name;
    }
}
