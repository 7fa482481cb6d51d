namespace Kv.Server.Peers.Wire;

/// <summary>How raftpb.Message and raftpb.Entry are put into bytes. Every version of etcd from 3.5 on reads all three;
/// they differ in what is written of fields that have no value:
/// <code>
///            scalars of zero   vote (13)   snapshot (9) where there is none
/// Etcd35     written           absent      written, with zeros in it
/// Etcd36     written           written     absent
/// Etcd37     absent            absent      absent
/// </code></summary>
public enum MessageStyle
{
    Etcd35,

    /// <summary>The one to send: it is 3.6's own, which 3.5 and 3.7 must each understand, as etcd's upgrades mix
    /// neighbouring versions.</summary>
    Etcd36,

    Etcd37,
}
