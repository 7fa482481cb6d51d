using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>What all verbs work with.</summary>
internal sealed record ServerParts(
    ObjectStore Store, TypeTable Types, AccessRules Access, Tokens Tokens, TimeSpan BookmarkInterval);
