using System.Reflection;
using System.Runtime.InteropServices;

namespace Kv.Server;

/// <summary>What this program says of itself.</summary>
public static class ProductText
{
    /// <summary>The version of etcd whose API, files and peer protocol this server speaks; also its own.</summary>
    public static string ServerVersion { get; } = typeof(ProductText).Assembly.GetName().Version!.ToString(3);

    /// <summary>How to start it, for who started it under that name.</summary>
    public static string Usage(string program) => $"""
        Usage:

          {program} [flags]
            Start a node.

          {program} --version
            Show the version.

          {program} -h | --help
            Show the flags.

          {program} --config-file PATH
            Start with the settings of a file; other flags and the environment then count for nothing.

          {program} snapshot | hashkv | defrag | check
            Work on the files of a node that is not running; each has its own --help.

        """;

    public static string Runtime => RuntimeInformation.FrameworkDescription;

    public static string Revision { get; } =
        typeof(ProductText).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(each => each.Key == "SourceRevision")?.Value ?? "Not provided";

    /// <summary>As Go names them.</summary>
    public static string Platform =>
        OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "darwin" : "windows";

    public static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>The four lines of <c>--version</c>; etcd's tools read the first.</summary>
    public static string Version() =>
        $"etcd Version: {ServerVersion}\nGit SHA: {Revision}\nGo Version: none ({Runtime})\n" +
        $"Go OS/Arch: {Platform}/{Architecture}\n";
}
