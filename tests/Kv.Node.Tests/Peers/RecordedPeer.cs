using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Kv.Node.Tests.Peers;

/// <summary>Exchanges between members of real clusters, kept in <c>tests/fixtures/wire</c>.</summary>
internal static class RecordedPeer
{
    private static readonly string Folder = Path.GetFullPath(Path.Combine(SourceFolder(), "../../fixtures/wire"));

    private static ReadOnlySpan<byte> HeadEnd => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>The files of a version whose names contain a word, without <c>peer-</c> and <c>.bin</c>.</summary>
    public static IEnumerable<string> Names(string version, string word) =>
        Directory.EnumerateFiles(Folder, $"peer-{version}-*{word}*.bin")
            .Select(path => Path.GetFileNameWithoutExtension(path)["peer-".Length..])
            .Order(StringComparer.Ordinal);

    /// <summary>The body, without the head and the framing of its chunks.</summary>
    public static byte[] Body(string name)
    {
        byte[] all = File.ReadAllBytes(Path.Combine(Folder, $"peer-{name}.bin"));
        int headEnd = all.AsSpan().IndexOf(HeadEnd);
        string head = Encoding.ASCII.GetString(all, 0, headEnd);
        ReadOnlySpan<byte> body = all.AsSpan(headEnd + HeadEnd.Length);
        return head.Contains("Transfer-Encoding: chunked", StringComparison.Ordinal)
            ? WithoutChunks(body)
            : body.ToArray();
    }

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Folder, file));

    private static byte[] WithoutChunks(ReadOnlySpan<byte> body)
    {
        var content = new List<byte>();
        while (!body.IsEmpty)
        {
            int lineEnd = body.IndexOf(LineEnd);
            int length = int.Parse(
                Encoding.ASCII.GetString(body[..lineEnd]),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture);
            if (length == 0)
                break;
            body = body[(lineEnd + LineEnd.Length)..];
            content.AddRange(body[..length]);
            body = body[(length + LineEnd.Length)..];
        }

        return [.. content];
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
