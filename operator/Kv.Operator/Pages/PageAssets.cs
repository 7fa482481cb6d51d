using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Kv.Operator.Pages;

/// <summary>The style and the script of the page. They are part of it, and the policy names their hashes: nothing else
/// is run or fetched, whatever might get into the page.</summary>
internal static class PageAssets
{
    private static readonly string StyleText = Read("status.css");
    private static readonly string ScriptText = Read("status.js");

    /// <summary>Both are constants of the program, and the only markup that is not written as such.</summary>
    public static Markup Style { get; } = Markup.OfConstant("<style>", StyleText, "</style>");

    public static Markup Script { get; } = Markup.OfConstant("<script>", ScriptText, "</script>");

    /// <summary>The value of the header Content-Security-Policy.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; style-src '{HashOf(StyleText)}'; script-src '{HashOf(ScriptText)}'; " +
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static string Read(string name)
    {
        Assembly assembly = typeof(PageAssets).Assembly;
        using Stream stream = assembly.GetManifestResourceStream($"Kv.Operator.Pages.{name}")
            ?? throw new InvalidOperationException($"The program lacks its part {name}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string HashOf(string text) =>
        $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
