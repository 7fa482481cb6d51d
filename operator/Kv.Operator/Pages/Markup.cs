using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Kv.Operator.Pages;

/// <summary>A piece of HTML. It is made of interpolated texts alone, whose literal parts stand as they are and whose
/// holes are escaped unless they are markup themselves: what comes from objects cannot become markup, since there is no
/// way to make markup of a text.</summary>
public sealed class Markup
{
    private readonly string _text;

    private Markup(string text) => _text = text;

    public static Markup Empty { get; } = new("");

    public static Markup Of(Builder builder) => new(builder.Written);

    public static Markup Join(IEnumerable<Markup> parts) => new(string.Concat(parts));

    public override string ToString() => _text;

    /// <summary>For what is part of the program itself and too long to stand in its source.</summary>
    internal static Markup OfConstant(string before, string constant, string after) => new(before + constant + after);

    /// <summary>What the compiler calls for the parts of an interpolated text.</summary>
    [InterpolatedStringHandler]
    public readonly struct Builder(int literalLength, int holes)
    {
        /// <summary>A text of an object may be as long as an object; nobody reads more than this.</summary>
        public const int TextMax = 2000;

        private readonly StringBuilder _text = new(literalLength + (holes * 16));

        internal string Written => _text.ToString();

        public void AppendLiteral(string markup) => _text.Append(markup);

        public void AppendFormatted(Markup markup) => _text.Append(markup._text);

        public void AppendFormatted(IEnumerable<Markup> parts) => _text.AppendJoin("", parts);

        public void AppendFormatted(long number) => _text.Append(CultureInfo.InvariantCulture, $"{number}");

        public void AppendFormatted(string? text)
        {
            if (text is null)
                return;
            string shown = text.Length > TextMax ? $"{text.AsSpan(0, TextMax)}…" : text;
            _text.Append(WebUtility.HtmlEncode(shown));
        }
    }
}
