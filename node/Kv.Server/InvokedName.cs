namespace Kv.Server;

/// <summary>Under which name this program was started. Who replaces an etcd by it leaves command lines as they are, so
/// links of etcd's names lead here.</summary>
internal static class InvokedName
{
    public const string Own = "kv-node";
    public const string Etcd = "etcd";

    /// <summary>Then only the commands for files are meant.</summary>
    public const string Etcdutl = "etcdutl";

    // The path of the process is that of the file behind all links.
    private const string CommandLine = "/proc/self/cmdline";

    public static string Current => Read(File.Exists(CommandLine) ? File.ReadAllText(CommandLine) : "");

    /// <param name="commandLine">Arguments with a zero byte after each, the first of which is the name.</param>
    internal static string Read(string commandLine) => Path.GetFileName(commandLine.Split('\0')[0]) switch
    {
        Etcd => Etcd,
        Etcdutl => Etcdutl,
        _ => Own,
    };
}
