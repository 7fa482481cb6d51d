namespace Kv.Server.Tokens;

/// <summary>By what users are known: passwords when they come, tokens from then on.</summary>
internal sealed record UserLogins(IUserTokens Tokens, PasswordLane Passwords);
