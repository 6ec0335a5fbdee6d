import { pick, useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';

/** Makes the tabs scroll where they do not fit: by the wheel, to the active tab, and with faded edges where more follow. */
export function TabStrip() {
  const { activeTabIndex, tabs } = useGraphiQL(pick('activeTabIndex', 'tabs'));

  useEffect(() => {
    const strip = document.querySelector<HTMLElement>('.graphiql-tabs');
    if (!strip) return;
    const fade = () => {
      strip.classList.toggle('more-before', strip.scrollLeft > 1);
      strip.classList.toggle('more-after', strip.scrollLeft + strip.clientWidth < strip.scrollWidth - 1);
    };
    const turn = (event: WheelEvent) => {
      if (!event.deltaY || event.deltaX || event.ctrlKey) return;
      const before = strip.scrollLeft;
      strip.scrollLeft += event.deltaY;
      if (strip.scrollLeft !== before) event.preventDefault();
    };
    const resized = new ResizeObserver(fade);
    resized.observe(strip);
    strip.addEventListener('scroll', fade);
    strip.addEventListener('wheel', turn, { passive: false });
    return () => {
      resized.disconnect();
      strip.removeEventListener('scroll', fade);
      strip.removeEventListener('wheel', turn);
    };
  }, []);

  useEffect(() => {
    const strip = document.querySelector('.graphiql-tabs');
    strip?.querySelector('.graphiql-tab-active')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    // There may be more tabs now, or fewer.
    strip?.dispatchEvent(new Event('scroll'));
  }, [activeTabIndex, tabs.length]);

  return null;
}
