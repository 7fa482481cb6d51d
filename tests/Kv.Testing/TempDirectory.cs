namespace Kv.Testing;

/// <summary>A directory of its own for one test, gone when the test ends.</summary>
public sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("kv-test-").FullName;

    /// <summary>The path of <paramref name="name"/> in here.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
