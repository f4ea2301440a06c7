"""What is learned of examples: the network, and the judge's weights of each language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reading_engine import Network as Reading

from classifier.lexicons import readable
from learning.examples import Example
from learning.folds import folds
from learning.network import Network
from learning.stages import Judge, Pair, pairs
from learning.weights import Weights, weights


@dataclass(frozen=True)
class Learned:
    """The network, and the weights of each language."""

    network: Network
    weights: Mapping[str, Weights]

    def by_language(self) -> dict[str, tuple[Weights, Reading]]:
        """As the engine reads with them."""
        network = readable(self.network.told())
        return {language: (told, network) for language, told in self.weights.items()}


@dataclass(frozen=True)
class Lesson:
    """Orders to learn from, and what a network says of each that learned from the other folds only. The judge learns from that, for it will
    have to weigh what the network says of orders that nobody has seen."""

    examples: Sequence[Example]
    fold_of: Sequence[int]
    networks: Mapping[int, Network]
    pairs: Sequence[Sequence[Pair]]

    @classmethod
    def of(cls, examples: Sequence[Example], tell: Callable[[str], None] = lambda _: None) -> "Lesson":
        """Tells how far it is: each fold takes some minutes."""
        fold_of = folds(examples)
        networks = dict[int, Network]()
        told: list[Sequence[Pair]] = [()] * len(examples)
        for fold in sorted(set(fold_of)):
            tell(f"Learning from all orders but those of fold {fold + 1} ...")
            networks[fold] = Network.learned([one for one, of in zip(examples, fold_of, strict=True) if of != fold])
            mine = [at for at, of in enumerate(fold_of) if of == fold]
            for at, sums in zip(mine, networks[fold].sums([examples[at] for at in mine]), strict=True):
                told[at] = tuple(pairs(examples[at], sums))
        return cls(examples, fold_of, networks, told)

    def by_fold(self) -> Iterator[tuple[list[Example], Learned]]:
        """The orders of each fold, with what is learned from the others."""
        for fold, network in self.networks.items():
            others = [at for at, of in enumerate(self.fold_of) if of != fold]
            yield [one for one, of in zip(self.examples, self.fold_of, strict=True) if of == fold], self._learned(network, others)

    def learned(self) -> Learned:
        """What is learned from all. The languages learn together; each keeps the weights of what was seen in it."""
        return self._learned(Network.learned(self.examples), range(len(self.examples)))

    def _learned(self, network: Network, places: Sequence[int]) -> Learned:
        judge = Judge.learned([pair for at in places for pair in self.pairs[at]])
        found = dict[str, Weights]()
        for language in sorted({self.examples[at].language for at in places}):
            mine = (at for at in places if self.examples[at].language == language)
            found[language] = weights(judge, [pair for at in mine for pair in self.pairs[at]])
        return Learned(network, found)
