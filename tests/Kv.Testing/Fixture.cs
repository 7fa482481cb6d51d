using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Kv.Testing;

/// <summary>Data directories, snapshot files and answers of real etcd servers, kept in <c>tests/fixtures/files</c>;
/// the README there says how each was made.</summary>
public static class Fixture
{
    private static readonly string Files = Path.GetFullPath(Path.Combine(SourceFolder(), "../fixtures/files"));

    /// <summary>Unpacks <c>{name}.tar.xz</c>; the data directory is <c>m1.etcd</c> (or m2, m3) in it. Log segments keep
    /// their holes, so 64 MB of zeros take no room.</summary>
    public static TempDirectory Unpack(string name)
    {
        var target = new TempDirectory();
        Run("tar", "-xJSf", Path.Combine(Files, name + ".tar.xz"), "-C", target.Path);
        return target;
    }

    /// <summary>Unpacks <c>{name}.xz</c>, such as "3.5.30-snapshot.db", as the one file "{name}" of the directory
    /// returned.</summary>
    public static TempDirectory Decompress(string name)
    {
        var target = new TempDirectory();
        File.Copy(Path.Combine(Files, name + ".xz"), target[name + ".xz"]);
        Run("xz", "-d", target[name + ".xz"]);
        return target;
    }

    /// <summary>Reads <c>{name}.json</c>, such as "3.5.30-expected".</summary>
    public static JsonDocument Json(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Files, name + ".json")));

    /// <summary>The names of all archives that <see cref="Unpack"/> knows, in order.</summary>
    public static IReadOnlyList<string> Archives =>
    [
        .. Directory.EnumerateFiles(Files, "*.tar.xz")
            .Select(path => Path.GetFileName(path)[..^".tar.xz".Length])
            .Order(StringComparer.Ordinal),
    ];

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode}");
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
