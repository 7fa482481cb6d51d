using System.Text;
using System.Text.Json;
using Kv.Server.Gateway;
using Kv.Testing;

namespace Kv.Node.Tests.Gateway;

public sealed class JsonScannerTests
{
    private const string Alphabet = "{}[]:,\"\\ \n0123456789.eE+-truefalsn/u";

    [Theory]
    [InlineData("{'a':1}", @"invalid character '\'' looking for beginning of object key string")]
    [InlineData("ÿ", "invalid character 'Ã' looking for beginning of value")] // etcd too looks at bytes
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("{\"a\":1 2}", "invalid character '2' after object key:value pair")]
    [InlineData("[1 2]", "invalid character '2' after array element")]
    [InlineData("[1,]", "invalid character ']' looking for beginning of value")]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string")]
    [InlineData("[01]", "invalid character '1' after array element")]
    [InlineData("[-x]", "invalid character 'x' in numeric literal")]
    [InlineData("[1.x]", "invalid character 'x' after decimal point in numeric literal")]
    [InlineData("[1ex]", "invalid character 'x' in exponent of numeric literal")]
    [InlineData("trux", "invalid character 'x' in literal true (expecting 'e')")]
    [InlineData("\"\n\"", @"invalid character '\n' in string literal")]
    [InlineData("\"\\x\"", "invalid character 'x' in string escape code")]
    [InlineData("\"\\u00x0\"", "invalid character 'x' in \\u hexadecimal character escape")]
    [InlineData("{", "unexpected EOF")]
    [InlineData("[\"a", "unexpected EOF")]
    [InlineData("-", "unexpected EOF")]
    public void Says_what_is_wrong_as_Go_does(string text, string problem)
    {
        JsonScanner scanner = Scan(Encoding.UTF8.GetBytes(text), piece: int.MaxValue, out _);

        Assert.Equal((problem, false), (scanner.Problem, scanner.IsDone));
    }

    [Theory]
    [InlineData("{} trailing", 2)]
    [InlineData(" {\"a\":[1,2,{\"b\":null}]}{", 23)]
    [InlineData("12 3", 2)]
    [InlineData("0.5e+10}", 7)]
    [InlineData("\"\\u00e9\\\"\"x", 10)]
    public void Finds_the_end_of_the_first_value(string text, int end)
    {
        foreach (int piece in new[] { 1, 2, 3, int.MaxValue })
        {
            JsonScanner scanner = Scan(Encoding.UTF8.GetBytes(text), piece, out int found);
            Assert.Equal((true, null, end), (scanner.IsDone, scanner.Problem, found));
        }
    }

    [Fact]
    public void Nothing_is_neither_a_value_nor_a_problem()
    {
        JsonScanner scanner = Scan(" \r\n\t"u8.ToArray(), piece: 1, out _);

        Assert.Equal((false, false, null), (scanner.HasBegun, scanner.IsDone, scanner.Problem));
    }

    [Fact]
    public void Nesting_without_end_is_a_problem_and_no_crash()
    {
        byte[] text = new byte[10_000_000];
        text.AsSpan().Fill((byte)'[');

        Assert.Equal("exceeded max depth", Scan(text, piece: 4096, out _).Problem);
    }

    /// <summary>Of texts that nobody thought of, it takes those that .NET's reader takes, in whatever pieces they
    /// come.</summary>
    [Theory]
    [Seeds(20)]
    public void Takes_what_is_JSON_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        int taken = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] text = RandomText(random);
            bool isJson = IsJson(text);
            JsonScanner whole = Scan(text, int.MaxValue, out int end);
            JsonScanner pieces = Scan(text, piece: 1, out int endOfPieces);

            Assert.True(
                isJson == (whole.IsDone && IsSpace(text.AsSpan(end))), Encoding.UTF8.GetString(text));
            Assert.Equal((whole.IsDone, whole.Problem, end), (pieces.IsDone, pieces.Problem, endOfPieces));
            taken += isJson ? 1 : 0;
        }

        Assert.True(taken > 500, $"only {taken} were JSON");
    }

    private static JsonScanner Scan(byte[] text, int piece, out int end)
    {
        var scanner = new JsonScanner();
        end = 0;
        while (end < text.Length && !scanner.IsDone && scanner.Problem is null)
        {
            int length = Math.Min(piece, text.Length - end);
            end += scanner.Read(text.AsSpan(end, length));
        }

        if (end == text.Length)
            scanner.End();
        return scanner;
    }

    // Mostly JSON, of which a letter or two may have been altered.
    private static byte[] RandomText(Random random)
    {
        var text = new StringBuilder();
        Append(text, random, depth: 0);
        for (int changes = random.Next(3); changes > 0 && text.Length > 0; changes--)
            text[random.Next(text.Length)] = Alphabet[random.Next(Alphabet.Length)];
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static void Append(StringBuilder text, Random random, int depth)
    {
        string[] leaves =
            ["0", "-1", "12.5", "1e5", "-0.1E-2", "true", "false", "null", "\"a\\n\"", "\"\"", "\"\\u12aB\""];
        int kind = depth > 3 ? 0 : random.Next(3);
        if (kind == 0)
        {
            text.Append(leaves[random.Next(leaves.Length)]);
            return;
        }

        text.Append(kind == 1 ? "[" : "{");
        for (int index = random.Next(4); index > 0; index--)
        {
            if (kind == 2)
                text.Append("\"k\" : ");
            Append(text, random, depth + 1);
            text.Append(index > 1 ? " ," : "");
        }

        text.Append(kind == 1 ? "]" : "} ");
    }

    private static bool IsJson(byte[] text)
    {
        try
        {
            JsonDocument.Parse(text).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsSpace(ReadOnlySpan<byte> text) => text.Trim(" \t\r\n"u8).IsEmpty;
}
