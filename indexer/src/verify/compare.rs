//! The comparison itself. Pure.

use alloy_primitives::{Bytes, U256};
use ledger::parameter::{Parameter, Parameters, Setting};

use super::figures::{Figure, Questions, Subject, Weight};
use crate::chain::multicall::Answer;

/// A figure on which the database and the contract do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What and whose.
    pub subject: Subject,
    /// By the database.
    pub derived: U256,
    /// By the contract.
    pub contract: U256,
}

/// What came of comparing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many figures were compared.
    pub compared: u64,
    /// How many were not, because the database knows no value or the contract has no such view yet.
    pub not_known: u64,
    /// Which were not, because the contract did not answer as it must.
    pub unanswered: Vec<Subject>,
    /// Which differ.
    pub differences: Vec<Difference>,
    /// Cross-checks that differ.
    pub notes: Vec<Difference>,
}

impl Findings {
    /// These and those.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.compared += others.compared;
        self.not_known += others.not_known;
        self.unanswered.extend(others.unanswered);
        self.differences.extend(others.differences);
        self.notes.extend(others.notes);
        self
    }

    fn hold(&mut self, subject: Subject, weight: Weight, derived: Option<U256>, contract: Option<U256>) {
        match (derived, contract, weight) {
            (Some(derived), Some(contract), Weight::Note) => {
                self.notes.extend((derived != contract).then_some(Difference { subject, derived, contract }));
            }
            (Some(derived), Some(contract), _) => {
                self.compared += 1;
                self.differences.extend((derived != contract).then_some(Difference { subject, derived, contract }));
            }
            (Some(_), None, Weight::Full) => self.unanswered.push(subject),
            _ => self.not_known += 1,
        }
    }
}

/// Holds every figure against its call's answer; `answers` are those to `questions.calls`, in order.
pub fn figures(questions: &Questions, answers: &[Answer]) -> Findings {
    let mut findings = Findings::default();
    for figure in &questions.figures {
        let contract = answers.get(figure.call).and_then(Option::as_ref).and_then(|data| word(figure, data));
        let contract = contract.map(|told| figure.as_kept(told));
        findings.hold(figure.subject, figure.weight, figure.derived, contract);
    }
    findings
}

/// An account without code answers nothing, and nothing is zero; an answer of another shape is none.
fn word(figure: &Figure, data: &Bytes) -> Option<U256> {
    if data.is_empty() {
        return Some(U256::ZERO);
    }
    let word = data.chunks(32).nth(figure.word)?;
    (data.len() == 32 * figure.words).then(|| U256::from_be_slice(word))
}

/// Holds the parameters in force against what was read. Those that move with every block of rewards are left out: what
/// is known of them is as old as the last reading. A table is one figure, of which the first cell that differs is named.
pub fn parameters(known: &Parameters, read: &[Setting]) -> Findings {
    let mut findings = Findings::default();
    for parameter in Parameter::ALL.into_iter().filter(|parameter| parameter.is_announced()) {
        let derived = known.get(parameter);
        let contract = read.iter().find(|setting| setting.parameter == parameter).map(|setting| &setting.value);
        let cells = derived.zip(contract).map_or(0, |(derived, contract)| derived.len().max(contract.len()));
        let cell =
            |words: Option<&[U256]>, cell: usize| words.map(|words| words.get(cell).copied().unwrap_or_default());
        let contract = contract.map(Vec::as_slice);
        let differing = (0..cells).find(|at| cell(derived, *at) != cell(contract, *at));
        let at = differing.unwrap_or_default();
        let subject = Subject { what: parameter.name(), cell: differing.filter(|_| cells > 1), address: None };
        findings.hold(subject, Weight::Full, cell(derived, at), cell(contract, at));
    }
    findings
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, address};
    use ledger::position::{Cooling, Position};
    use ledger::totals::{CapacityTotals, SupplyTotals};
    use store::deployment::ContractAddresses;

    use super::super::figures::{Account, Locks};
    use super::*;

    const ALICE: Address = address!("0x00000000000000000000000000000000000000a1");
    const CONTRACTS: ContractAddresses = ContractAddresses {
        vvv: Address::repeat_byte(1),
        staking: Address::repeat_byte(2),
        diem: Address::repeat_byte(3),
        multicall3: Address::repeat_byte(4),
    };

    fn words(words: &[u64]) -> Answer {
        Some(words.iter().flat_map(|word| U256::from(*word).to_be_bytes::<32>()).collect::<Vec<u8>>().into())
    }

    /// Ten sVVV of which four cool until second 50, two DIEM staked, one cooling until nobody knows when; three VVV pending.
    fn alice() -> Account {
        let position = Position {
            svvv: U256::from(10),
            svvv_cooling: Cooling { amount: U256::from(4), ends_at: Some(50) },
            diem_staked: U256::from(2),
            diem_cooling: Cooling { amount: U256::from(1), ends_at: None },
            reward_debt: Some(U256::from(99)),
            ..Position::default()
        };
        Account { address: ALICE, position, vvv: U256::from(7), pending: Some(U256::from(3)) }
    }

    fn compared(locks: Locks, answers: &[Answer]) -> Findings {
        let mut questions = Questions::default();
        questions.account(&CONTRACTS, locks, &alice());
        assert_eq!(questions.calls.len(), answers.len());
        figures(&questions, answers)
    }

    #[test]
    fn what_is_equal_is_counted() {
        let debts = [words(&[99, 50, 4]), words(&[0]), words(&[2, 60, 1]), words(&[3])];
        let answers = [&[words(&[7]), words(&[10]), words(&[0, 0])][..], &debts].concat();
        let found = compared(Locks::Present, &answers);
        assert_eq!((found.compared, found.not_known), (11, 1), "{found:?}");
        assert_eq!((found.differences, found.unanswered), (vec![], vec![]));
    }

    #[test]
    fn what_differs_is_named() {
        let answers = [words(&[7]), words(&[11]), words(&[99, 51, 4]), words(&[0]), words(&[2, 60, 1])];
        let found = compared(Locks::Absent, &answers);
        let named: Vec<_> = found.differences.iter().map(|difference| difference.subject.what).collect();
        assert_eq!(named, ["svvv", "svvv_cooling_ends_at"]);
        assert_eq!(found.differences[0].subject.address, Some(ALICE));
        assert_eq!((found.differences[0].derived, found.differences[0].contract), (U256::from(10), U256::from(11)));
    }

    /// Of an end alone, and only where the last second that can be kept is ours.
    #[test]
    fn an_end_later_than_can_be_kept_equals_the_last_second() {
        let last = Cooling::ENDS_AT_MAX;
        let differing = |ours: u64, amount: u64, theirs: U256| {
            let cooling = Cooling { amount: U256::from(amount), ends_at: Some(ours) };
            let position = Position { svvv_cooling: cooling, diem_cooling: cooling, ..Position::default() };
            let mut questions = Questions::default();
            questions.position(&CONTRACTS, Locks::Absent, ALICE, &position);
            let infos =
                |first| Some([first, theirs, U256::from(last)].map(|word| word.to_be_bytes::<32>()).concat().into());
            let answers = [words(&[0]), infos(U256::from(9)), words(&[0]), infos(U256::ZERO)];
            let found = figures(&questions, &answers);
            assert_eq!((found.compared, found.unanswered), (7, vec![]));
            found.differences.into_iter().map(|it| (it.subject.what, it.contract)).collect::<Vec<_>>()
        };
        let ends = |theirs| vec![("svvv_cooling_ends_at", theirs), ("diem_cooling_ends_at", theirs)];
        for later in [U256::from(last), U256::from(last) + U256::ONE, U256::ONE << 64, U256::MAX] {
            assert_eq!(differing(last, last, later), [], "{later}");
        }
        let earlier = U256::from(last - 1);
        assert_eq!(differing(last, last, earlier), ends(earlier));
        assert_eq!(differing(last - 1, last, U256::MAX), ends(U256::MAX), "named as the contract has it");
    }

    #[test]
    fn no_code_is_zero_and_no_answer_is_none() {
        let answers = [Some(Bytes::new()), words(&[10]), None, None, words(&[0]), words(&[2, 60]), None];
        let found = compared(Locks::Unsure, &answers);
        let unanswered: Vec<_> = found.unanswered.iter().map(|subject| subject.what).collect();
        assert_eq!(found.differences.len(), 1, "VVV where there is none");
        assert_eq!(unanswered, ["svvv_cooling", "svvv_cooling_ends_at", "reward_debt", "diem_staked", "diem_cooling"]);
        assert_eq!(
            found.not_known, 4,
            "both of the lock and what is pending, whose views may not be there yet, and the end"
        );
    }

    #[test]
    fn a_cross_check_is_never_a_difference() {
        let capacity = CapacityTotals { diem_staked: U256::from(5), ..CapacityTotals::default() };
        let questions = Questions::network(&CONTRACTS, Locks::Absent, &capacity, &SupplyTotals::default());
        let mut answers = vec![words(&[0]); 4];
        answers.push(words(&[6]));
        let found = figures(&questions, &answers);
        assert_eq!((found.compared, found.differences.len(), found.notes.len()), (4, 0, 1));
    }

    #[test]
    fn parameters_are_compared_where_known_and_tables_by_their_first_cell() {
        let setting =
            |parameter, value: Vec<u64>| Setting { parameter, value: value.into_iter().map(U256::from).collect() };
        let known: Parameters = [
            setting(Parameter::EmissionRate, vec![5]),
            setting(Parameter::CurveRates, vec![1, 2, 3]),
            setting(Parameter::AccRewardPerShare, vec![1]),
            setting(Parameter::Treasury, vec![9]),
        ]
        .into_iter()
        .collect();
        let read = [
            setting(Parameter::EmissionRate, vec![5]),
            setting(Parameter::CurveRates, vec![1, 7, 8]),
            setting(Parameter::AccRewardPerShare, vec![2]),
        ];
        let found = parameters(&known, &read);
        assert_eq!((found.compared, found.differences.len()), (2, 1), "{found:?}");
        assert_eq!(found.differences[0].subject.cell, Some(1));
        assert_eq!(found.unanswered[0].what, "treasury");
        assert_eq!(found.not_known, 8, "announced, and neither set nor read");
    }
}
