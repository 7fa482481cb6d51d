namespace Kv.Interop.Tests.Processes;

/// <summary>What a <see cref="NodeProcess"/> runs: a real etcd, or ours. Both take etcd's flags, so no test needs to
/// know which it has before it.</summary>
public sealed record NodeProgram(string Name, string File)
{
    /// <summary>Ours, as built with these tests; <c>KV_NODE</c> names another build, such as what is
    /// published.</summary>
    public static readonly NodeProgram Ours = new(
        "kv-node",
        Environment.GetEnvironmentVariable("KV_NODE") ?? Path.Combine(AppContext.BaseDirectory, "kv-node"));

    public static NodeProgram Etcd34 => Of(EtcdRelease.V34);

    public static NodeProgram Etcd35 => Of(EtcdRelease.V35);

    public bool IsOurs => this == Ours;

    public override string ToString() => Name;

    /// <summary>Runs an offline command of the program, such as <c>snapshot status FILE</c>.</summary>
    public Task<ProgramRun> RunAsync(params string[] arguments) =>
        ProgramRun.StartAsync(File, arguments);

    private static NodeProgram Of(EtcdRelease release) => new($"etcd {release.Version}", release.Etcd);
}
