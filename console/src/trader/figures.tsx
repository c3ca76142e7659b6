/** What a picture shows, as a table of figures: a row for each place, named at its head. */

import type { ComponentChildren } from "preact";

export interface FigureRow {
  key: string | number;
  head: ComponentChildren;
  figures: readonly string[];
}

export function Figures({ caption, first, titles, rows }: { caption: string; first: string; titles: readonly string[]; rows: readonly FigureRow[] }) {
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{first}</th>
          {titles.map((title) => (
            <th key={title} scope="col" class="number">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, head, figures }) => (
          <tr key={key}>
            <th scope="row">{head}</th>
            {figures.map((figure, place) => (
              <td key={titles[place]} class="number">
                {figure}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
