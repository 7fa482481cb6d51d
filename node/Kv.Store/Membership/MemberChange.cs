namespace Kv.Store;

/// <summary>What a logged change does to a member; the numbers are raftpb's.</summary>
public enum MemberChange
{
    AddVoter = 0,
    Remove = 1,
    Update = 2,
    AddLearner = 3,
}
